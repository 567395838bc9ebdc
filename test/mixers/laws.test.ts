/** The laws of every mixer in the table: all its forms agree, however a sequence is cut, padded or batched. */
import fc from "fast-check";
import { describe, test } from "vitest";
import { type Program, program } from "../../src/graph/index.ts";
import { type Form, type MixerSizes, type MixerSpec, planMixer } from "../../src/mixers/index.ts";
import { mixerVariables, padded, type Run, runs, seenBefore, split, tensorsOf } from "./forms.ts";
import { type Backend, compute, expectAll, type Numbers, randomFeeds, withGradients } from "./harness.ts";
import { mixers } from "./table.ts";

const dim = 8;
const tolerance = { float64: 1e-10, float32: 1e-5 } as const;

interface Options {
  readonly backend: Backend;
  readonly length: number;
  readonly stateful: boolean;
  readonly gradients: boolean;
  /** Key heads, of two query heads each (default: 1, to be quick). */
  readonly groups?: number;
}

function build(
  spec: MixerSpec,
  run: Run,
  { length, stateful, gradients, groups = 1 }: Options,
  batch: number,
): Program {
  const sizes: MixerSizes = { batch, heads: 2 * groups, groups, length, dim };
  const { floats, inputs } = mixerVariables(spec, sizes, stateful);
  // From a state, blocks begin anywhere; without one, where the mixer itself lets them begin.
  const result = tensorsOf(run(spec, { ...inputs, ...(stateful && { phase: 2 }) }));
  return gradients ? withGradients(result, floats) : program(result);
}

function feedsOf(made: Program, batch: number): Numbers {
  const feeds = randomFeeds(made, seenBefore(batch));
  // Weights of what came before are positive, as a feature map's are.
  const recurrent = feeds["state.recurrent"];
  return { ...feeds, ...(recurrent && { "state.recurrent": Array.from(recurrent, Math.abs) }) };
}

async function outcome(spec: MixerSpec, run: Run, options: Options, batch = 1): Promise<Numbers> {
  const made = build(spec, run, options, batch);
  return compute(options.backend, made, feedsOf(made, batch));
}

/** Holds runs on a backend against one run in float64. */
async function agree(
  spec: MixerSpec,
  oracle: Run,
  others: Readonly<Record<string, Run>>,
  options: Options,
): Promise<void> {
  const expected = await outcome(spec, oracle, { ...options, backend: "float64" });
  for (const [what, run] of Object.entries(others)) {
    const actual = await outcome(spec, run, options);
    expectAll(actual, expected, { backend: options.backend, tolerance: tolerance[options.backend], what });
  }
}

/** The runs of those forms that the mixer has. */
function available(spec: MixerSpec, ...names: readonly Form[]): Record<string, Run> {
  const { forms } = planMixer(spec, { batch: 1, heads: 2, groups: 1, length: 1, dim });
  return Object.fromEntries(names.filter((name) => forms[name] === undefined).map((name) => [name, runs[name]]));
}

const lengths = [1, 7, 63, 64, 65, 100];
const { parallel, chunked } = runs;

describe.each(Object.entries(mixers))("%s", (_name, spec) => {
  describe.each(["float64", "float32"] as const)("in %s", (backend) => {
    test.each(lengths)("forms agree without a state at length %i", async (length) => {
      const others = available(spec, ...(backend === "float32" ? (["parallel"] as const) : []), "chunked", "fused");
      await agree(spec, parallel, others, { backend, length, stateful: false, gradients: true });
    });

    test.each(lengths)("forms agree from a state at length %i", async (length) => {
      const options = { backend, length, stateful: true, gradients: true };
      await agree(spec, parallel, available(spec, "chunked", "fused"), options);
      // Steps are unrolled in one program here: their gradients only for a few.
      await agree(spec, parallel, available(spec, "step"), { ...options, gradients: length <= 7 });
    });
  });

  test("padding is invisible", async () => {
    for (const length of [3, 64, 70]) {
      const options = { backend: "float64", length, stateful: true, gradients: true } as const;
      const others = { parallel: padded(parallel, 9), chunked: padded(chunked, 9), far: padded(chunked, 64) };
      await agree(spec, chunked, others, options);
    }
  });

  test("any split of a sequence agrees", async () => {
    const length = 100;
    const ends = fc.uniqueArray(fc.integer({ min: 1, max: length - 1 }), { maxLength: 3 });
    const forms = Object.values(available(spec, "parallel", "chunked", "fused"));
    const options = { backend: "float64", length, stateful: true, gradients: false } as const;
    const expected = await outcome(spec, parallel, options);
    await fc.assert(
      fc.asyncProperty(ends, fc.constantFrom(...forms), async (places, form) => {
        const cuts = [...places.toSorted((a, b) => a - b), length];
        const actual = await outcome(spec, split(form, cuts), options);
        expectAll(actual, expected, { backend: "float64", tolerance: 1e-10, what: `split at ${cuts.join()}` });
      }),
      { numRuns: 8, seed: 20 },
    );
  });

  test("a batch is its sequences", async () => {
    const options = { backend: "float64", length: 20, stateful: true, gradients: false, groups: 2 } as const;
    for (const run of Object.values(available(spec, "chunked", "step"))) {
      const together = build(spec, run, options, 2);
      const feeds = feedsOf(together, 2);
      const both = await compute("float64", together, feeds);
      for (const sequence of [0, 1]) {
        const alone = build(spec, run, options, 1);
        const part = (name: string, numbers: ArrayLike<number>) =>
          batched(name) ? half(numbers, sequence) : Array.from(numbers);
        const own = Object.fromEntries(Object.entries(feeds).map(([name, numbers]) => [name, part(name, numbers)]));
        const expected = Object.fromEntries(Object.entries(both).map(([name, all]) => [name, half(all, sequence)]));
        expectAll(await compute("float64", alone, own), expected, { backend: "float64", tolerance: 1e-10 });
      }
    }
  });

  test("a long sequence agrees in float32", async () => {
    const others = { chunked, ...available(spec, "parallel", "fused") };
    await agree(spec, chunked, others, { backend: "float32", length: 1000, stateful: false, gradients: true });
  });
});

/** Whether an input of the program has a row per sequence. */
function batched(name: string): boolean {
  return ["queries", "keys", "values"].includes(name) || name.startsWith("state.");
}

function half(numbers: ArrayLike<number>, index: number): number[] {
  const size = numbers.length / 2;
  return Array.from(numbers).slice(index * size, (index + 1) * size);
}
