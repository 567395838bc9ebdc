/** The laws of every mixer in the table: all its forms agree, in outputs, states and gradients. */
import { describe, test } from "vitest";
import { type MixerSizes, type MixerSpec, planMixer } from "../../src/mixers/index.ts";
import { mixerVariables, padded, type Run, runs, seenBefore, split, tensorsOf } from "./forms.ts";
import { type Backend, compute, expectAll, type Numbers, randomFeeds, withGradients } from "./harness.ts";
import { mixers } from "./table.ts";

const base = { heads: 4, groups: 2, dim: 4 };
const tolerance = { float64: 1e-10, float32: 1e-5 } as const;

interface Options {
  readonly backend: Backend;
  readonly batch: number;
  readonly length: number;
  readonly stateful: boolean;
  readonly phase?: number;
}

async function outcome(spec: MixerSpec, run: Run, options: Options): Promise<Numbers> {
  const { backend, batch, length, stateful, phase } = options;
  const sizes: MixerSizes = { ...base, batch, length };
  const { floats, inputs } = mixerVariables(spec, sizes, stateful);
  const result = run(spec, { ...inputs, ...(phase === undefined ? {} : { phase }) });
  const made = withGradients(tensorsOf(result), floats);
  const feeds = randomFeeds(made, seenBefore(batch));
  // Weights of what came before are positive, as a feature map's are.
  const recurrent = feeds["state.recurrent"];
  const positive = recurrent && { "state.recurrent": Array.from(recurrent, Math.abs) };
  return compute(backend, made, { ...feeds, ...positive });
}

async function agree(spec: MixerSpec, others: Readonly<Record<string, Run>>, options: Options): Promise<void> {
  const expected = await outcome(spec, runs.parallel as Run, options);
  for (const [name, run] of Object.entries(others)) {
    const actual = await outcome(spec, run, options);
    expectAll(actual, expected, { backend: options.backend, tolerance: tolerance[options.backend], what: name });
  }
}

function available(spec: MixerSpec, names: readonly string[]): Record<string, Run> {
  const { forms } = planMixer(spec, { ...base, batch: 1, length: 1 });
  const there = names.filter((name) => forms[name as keyof typeof forms] === undefined);
  return Object.fromEntries(there.map((name) => [name, runs[name] as Run]));
}

const lengths = [1, 7, 63, 64, 65, 100];

describe.each(Object.entries(mixers))("%s", (_name, spec) => {
  test.each(lengths)("forms agree without a state at length %i", async (length) => {
    await agree(spec, available(spec, ["chunked", "fused"]), { backend: "float64", batch: 1, length, stateful: false });
  });

  test.each(lengths)("forms agree from a state at length %i", async (length) => {
    const names = length <= 7 ? ["chunked", "fused", "step"] : ["chunked", "fused"];
    await agree(spec, available(spec, names), { backend: "float64", batch: 1, length, stateful: true, phase: 2 });
  });
});
