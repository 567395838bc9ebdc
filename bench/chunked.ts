/** Chunked recurrences, forward and backward, beside the same algorithm in PyTorch in the same run. */
import { join } from "node:path";
import { gradient, input, type Program, program, sizeOf, type Value } from "../src/graph/index.ts";
import { chunked as chunkedForm, type MixerSpecInput, mixerStreams, parseMixer } from "../src/mixers/index.ts";
import { createEngine, floats, type Tensor } from "../src/runtime/index.ts";
import { uniform } from "../src/training/data-order.ts";
import { type BenchOptions, number, print, pythonOf } from "./common.ts";

/** The operators alone, with gates given: what the peer computes. */
const operators: Readonly<Record<string, MixerSpecInput>> = {
  gla: { state: { scale: "dim", decay: { kind: "given", per: "feature" } } },
  "gated-delta": {
    state: {
      scale: "dim",
      decay: { kind: "given", per: "head" },
      write: { kind: "delta", strength: { source: "given" } },
    },
  },
};

/** Sizes and repetitions of the comparison. */
interface Settings {
  readonly length: number;
  readonly heads: number;
  readonly dim: number;
  readonly threads: number;
  readonly repeats: number;
}

/** Milliseconds, medians. */
interface Times {
  readonly forward_ms: number;
  readonly forward_backward_ms: number;
}

/** `--length 2048 --heads 8 --dim 64 --threads 2 --repeats 20 --python INTERPRETER` (with torch; without it, ours alone). */
export async function chunked(options: BenchOptions): Promise<void> {
  const settings = {
    length: number(options, "length", 2048),
    heads: number(options, "heads", 8),
    dim: number(options, "dim", 64),
    threads: number(options, "threads", 2),
    repeats: number(options, "repeats", 20),
  };
  for (const [mixer, spec] of Object.entries(operators)) {
    const ours = await measure(spec, settings);
    print({ mixer, ...settings, ...ours });
    for (const [peer, script] of Object.entries(peerScripts)) {
      const times = await peerTimes(options, script, mixer, settings);
      if (times.length === 0) continue;
      for (const each of times) print({ mixer, peer, ...each });
      const best = Math.min(...times.map(({ forward_backward_ms: time }) => time));
      print({ mixer, peer, ratio_to_best_dtype: best / ours.forward_backward_ms });
    }
  }
}

/** The same algorithm as one would write it, and with all that PyTorch can do on a CPU: a backward by hand, buffers in place. */
const peerScripts = { pytorch: "plain_mixers.py", "pytorch by hand": "chunked_mixers.py" };

async function peerTimes(
  options: BenchOptions,
  name: string,
  mixer: string,
  settings: Settings,
): Promise<(Times & { dtype: string })[]> {
  const run = pythonOf(options);
  if (run === undefined) return [];
  const { dim, ...others } = settings;
  const flags = Object.entries({ mixer, ...others, dim, "value-dim": dim }).flatMap(([name, value]) => [
    `--${name}`,
    String(value),
  ]);
  const script = join(import.meta.dirname, "peers", name);
  const times: (Times & { dtype: string })[] = [];
  for (const dtype of ["float32", "bfloat16"]) {
    const printed = await run([script, ...flags, "--dtype", dtype]);
    const { forward_ms, forward_backward_ms } = JSON.parse(printed.split("\n").at(-1) ?? "") as Times;
    times.push({ dtype, forward_ms, forward_backward_ms });
  }
  return times;
}

async function measure(written: MixerSpecInput, { length, heads, dim, threads, repeats }: Settings): Promise<Times> {
  const spec = parseMixer({ ...written, rope: "none" });
  const sizes = { batch: 1, heads, groups: heads, length, dim };
  const shape = [1, heads, length, dim];
  const [queries, keys, values] = [input("queries", shape), input("keys", shape), input("values", shape)];
  const streams = Object.fromEntries(
    Object.entries(mixerStreams(spec, sizes)).map(([name, own]) => [name, input(name, own)]),
  );
  const { output } = chunkedForm(spec, { queries, keys, values, streams, parameters: {} });
  const variables: Record<string, Value> = { queries, keys, values, ...streams };
  const gradients = gradient([{ value: output, gradient: input("weight", output.shape) }], Object.values(variables));
  const named = Object.keys(variables).map((name, index) => [`gradient.${name}`, gradients[index] as Value]);
  const time = async (made: Program) => await median(made, { threads, repeats, dim });
  return {
    forward_ms: await time(program({ output })),
    forward_backward_ms: await time(program({ output, ...Object.fromEntries(named) })),
  };
}

async function median(
  made: Program,
  { threads, repeats, dim }: Pick<Settings, "threads" | "repeats" | "dim">,
): Promise<number> {
  const engine = createEngine({ threads });
  const random = uniform(7);
  const like: Readonly<Record<string, () => number>> = {
    decay: () => -0.1 * random(),
    strength: random,
    keys: () => (2 * random() - 1) * Math.sqrt(3 / dim),
  };
  const feeds = [...made.inputs].map(([name, { shape }]): [string, Tensor] => {
    const draw = like[name] ?? (() => (2 * random() - 1) * Math.sqrt(3));
    return [name, floats(shape, Float32Array.from({ length: sizeOf(shape) }, draw))];
  });
  const executable = await engine.compile(made);
  const times: number[] = [];
  for (let run = -2; run < repeats; run++) {
    const began = performance.now();
    await executable.run(Object.fromEntries(feeds));
    if (run >= 0) times.push(performance.now() - began);
  }
  await engine.release();
  return times.toSorted((a, b) => a - b)[Math.floor(repeats / 2)] ?? Number.NaN;
}
