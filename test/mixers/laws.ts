/** The laws of every mixer in the table: all its forms agree, however a sequence is cut, padded or batched. */
import fc from "fast-check";
import { describe, test } from "vitest";
import { type Program, program } from "../../src/graph/index.ts";
import { type Form, type MixerSizes, type MixerSpec, planMixer, stateLayout } from "../../src/mixers/index.ts";
import { relativeError } from "../compare.ts";
import {
  mixerVariables,
  packedRun,
  padded,
  type Run,
  runs,
  seenBefore,
  separateRun,
  split,
  tensorsOf,
} from "./forms.ts";
import {
  type Backend,
  compute,
  computeRounded,
  expectAll,
  type Numbers,
  randomFeeds,
  withGradients,
} from "./harness.ts";
import { looser, mixers } from "./table.ts";
import { walk } from "./walk.ts";

const [dim, hidden] = [8, 6];
const tolerance = { float64: 1e-10, float32: 1e-5 } as const;

/** Gradients of decays over a thousand tokens are small differences of large sums: they lose a digit more. */
const longTolerance = { ...tolerance, float32: 1e-4 } as const;

interface Options {
  readonly backend: Backend;
  readonly length: number;
  readonly stateful: boolean;
  readonly gradients: boolean;
  /** What is asked of float32 instead of the law's tolerance. */
  readonly looser?: number | undefined;
  /** Key heads, of two query heads each (default: 1, to be quick). */
  readonly groups?: number;
}

/** From a state, blocks begin anywhere; without one, where the mixer itself lets them begin. */
const statefulPhase = 2;

function sizesOf({ length, groups = 1 }: Options, batch: number): MixerSizes {
  return { batch, heads: 2 * groups, groups, length, dim, hidden };
}

function build(spec: MixerSpec, run: Run, options: Options, batch: number): Program {
  const { stateful, gradients } = options;
  const { floats, inputs } = mixerVariables(spec, sizesOf(options, batch), stateful);
  const result = tensorsOf(run(spec, { ...inputs, ...(stateful && { phase: statefulPhase }) }));
  return gradients ? withGradients(result, floats) : program(result);
}

function feedsOf(made: Program, batch: number): Numbers {
  const feeds = randomFeeds(made, seenBefore(batch));
  // Weights of what came before are positive, as a feature map's are.
  const changed = Object.entries(feeds).map(([name, numbers]) => [name, plausible(name, numbers)]);
  return Object.fromEntries(changed);
}

/** Numbers as a model would feed them: positive weights in the state, angles' own sines, decays that decay. */
function plausible(name: string, numbers: ArrayLike<number>): ArrayLike<number> {
  if (name === "state.recurrent" || name.startsWith("state.sum")) return Array.from(numbers, Math.abs);
  // What one integer stands for.
  if (name.endsWith("Units")) return Array.from(numbers, (x) => 0.05 * Math.abs(x) + 0.01);
  if (name === "state.products") return positive(numbers);
  // Numbers of blocks; some of them lie ahead or nowhere.
  if (name === "stream.blocks") return Array.from(numbers, (x) => Math.round(8 * x));
  if (["stream.decay", "stream.window.decay"].includes(name)) return Array.from(numbers, (x) => -Math.abs(x));
  // Gates of a size that models have: no step decays by more than e^−20, which chunked forms cut off.
  if (name.startsWith("decay.") || name.startsWith("window.decay.")) return Array.from(numbers, (x) => 0.1 * x);
  if (name === "cos") return Array.from(numbers, Math.cos);
  if (name === "sin") return Array.from(numbers, Math.sin);
  return numbers;
}

/** Matrices of a head's dimensions as sums of products of keys. */
function positive(numbers: ArrayLike<number>): number[] {
  const at = (matrix: number, row: number, column: number) => numbers[(matrix * dim + row) * dim + column] ?? 0;
  return Array.from(numbers, (_number, index) => {
    const [matrix, row, column] = [Math.floor(index / dim ** 2), Math.floor(index / dim) % dim, index % dim];
    return Array.from({ length: dim }, (_unused, k) => at(matrix, row, k) * at(matrix, column, k)).reduce(
      (a, b) => a + b,
    );
  });
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
  const { backend, length } = options;
  const limit =
    backend === "float32" && options.looser ? options.looser : (length > 100 ? longTolerance : tolerance)[backend];
  const made = build(spec, oracle, options, 1);
  const feeds = feedsOf(made, 1);
  const expected = await compute("float64", made, feeds);
  /** What rounding after every operation moves a program's own result by: no form in float32 can be nearer than that. */
  const rounding = (program: Program) => {
    const rounded = computeRounded(program, feeds);
    return Object.fromEntries(
      Object.entries(expected).map(([name, numbers]) => [name, relativeError(rounded[name] ?? [], numbers)]),
    );
  };
  for (const [what, run] of Object.entries(others)) {
    const walks = run === runs.step && !options.gradients;
    const own = () => build(spec, run, options, 1);
    const actual = walks
      ? await walk(backend, spec, sizesOf(options, 1), feeds, statefulPhase)
      : await compute(backend, own(), feeds);
    const within = (slack: Readonly<Record<string, number>>) =>
      expectAll(actual, expected, { backend, tolerance: limit, what, slack });
    try {
      within({});
    } catch (error) {
      if (backend === "float64") throw error;
      const [first, second] = [rounding(made), rounding(own())];
      within(
        Object.fromEntries(Object.keys(first).map((name) => [name, Math.max(first[name] ?? 0, second[name] ?? 0)])),
      );
    }
  }
}

/** The runs of those forms that the mixer has. */
function available(spec: MixerSpec, ...names: readonly Form[]): Record<string, Run> {
  const { forms } = planMixer(spec, { batch: 1, heads: 2, groups: 1, length: 1, dim, hidden });
  return Object.fromEntries(names.filter((name) => forms[name] === undefined).map((name) => [name, runs[name]]));
}

const lengths = [1, 7, 63, 64, 65, 100];
const { parallel, chunked } = runs;

/** The norm of a single token's output hides how strongly it was weighed: the gradients of that are rounding errors. */
const differentiable = ({ outputNorm, normalize, state }: MixerSpec, length: number) =>
  length > 1 ||
  (outputNorm === undefined && normalize.kind === "none" && !averaging.includes(state?.write.kind ?? "add"));

/** Whether gradients pass from call to call: not through integers. */
const differentiableState = (spec: MixerSpec): boolean =>
  Object.values(stateLayout(spec, { batch: 1, heads: 2, groups: 1, length: 1, dim, hidden })).every(
    ({ dtype }) => dtype !== "int8",
  );

/** Writes that weigh a single token fully, whatever its key. */
const averaging = ["flow", "magnitude", "injective", "local-linear", "covariance"];

/** The laws of every mixer of the table whose place has the given remainder, so that several workers share them. */
export function checkLaws(shard: number, shards: number): void {
  const mine = Object.entries(mixers).filter((_mixer, index) => index % shards === shard);
  describe.each(mine)("%s", (name, spec) => {
    const loose = { looser: looser[name] };
    describe.each(["float64", "float32"] as const)("in %s", (backend) => {
      test.each(lengths)("forms agree without a state at length %i", async (length) => {
        const others = available(spec, ...(backend === "float32" ? (["parallel"] as const) : []), "chunked", "fused");
        await agree(spec, parallel, others, {
          backend,
          length,
          stateful: false,
          gradients: differentiable(spec, length),
          ...loose,
        });
      });

      // A mixer that reads both ways carries no state: these laws are not about it.
      test.each(spec.causal ? lengths : [])("forms agree from a state at length %i", async (length) => {
        const options = { backend, length, stateful: true, gradients: true, ...loose };
        await agree(spec, parallel, available(spec, "chunked", "fused"), options);
        // Steps are unrolled in one program here: their gradients only for a few.
        const few = length <= 7 && differentiableState(spec);
        await agree(spec, parallel, available(spec, "step"), { ...options, gradients: few });
      });
    });

    test("padding is invisible", async () => {
      for (const length of [3, 64, 70]) {
        const options = { backend: "float64", length, stateful: spec.causal, gradients: true } as const;
        const others = { parallel: padded(parallel, 9), chunked: padded(chunked, 9), far: padded(chunked, 64) };
        await agree(spec, chunked, others, options);
      }
    });

    test("packed sequences are separate ones", async () => {
      const lengths = [5, 1, 40, 21];
      const options = { backend: "float64", length: 67, stateful: false, gradients: true } as const;
      const [form = parallel] = Object.values(available(spec, "chunked", "parallel"));
      await agree(spec, separateRun(form, lengths), { packed: packedRun(form, lengths) }, options);
    });

    test.each(spec.causal ? ["any"] : [])("%s split of a sequence agrees", async () => {
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
      const options = { backend: "float64", length: 20, stateful: spec.causal, gradients: false, groups: 2 } as const;
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
      const others = { chunked, ...available(spec, "fused") };
      await agree(spec, chunked, others, {
        backend: "float32",
        length: 1000,
        stateful: false,
        gradients: true,
        ...loose,
      });
    });
  });
}

/** Whether an input of the program has a row per sequence. */
function batched(name: string): boolean {
  return ["queries", "keys", "values"].includes(name) || name.startsWith("state.") || name.startsWith("stream.");
}

function half(numbers: ArrayLike<number>, index: number): number[] {
  const size = numbers.length / 2;
  return Array.from(numbers).slice(index * size, (index + 1) * size);
}
