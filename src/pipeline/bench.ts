/** `bench`: speed and memory of prefill and decoding, by prompt length. */
import { generate } from "../inference/generator.ts";
import { createSampler } from "../inference/sampler.ts";
import { peakProcessMemory } from "../runtime/index.ts";
import type { BenchDocument, BenchOptions, Verb } from "./contract.ts";
import { type OpenDecoder, openDecoder, rate, warnBeyondContext } from "./decoding.ts";

/** Measures prompts of each length in turn; compiling is not counted. Rejects with the signal's reason when it is aborted. */
export const bench: Verb<BenchOptions, BenchDocument> = async (options, context) => {
  const { lengths, repeat, decodeTokens, model } = options;
  const open = await openDecoder(options, context);
  const progress = context.reporter.stage("bench", { steps: lengths.length * repeat });
  try {
    const rows: BenchDocument["rows"] = [];
    let done = 0;
    for (const length of lengths) {
      warnBeyondContext(open, length + decodeTokens, context);
      const runs: Run[] = [];
      while (runs.length < repeat) {
        runs.push(await measure(open, length, decodeTokens, context.signal));
        progress.update({ done: ++done });
      }
      rows.push({
        length,
        prefill_tokens_per_second: median(runs.map(({ prefill }) => prefill)),
        decode_tokens_per_second: median(runs.map(({ decode }) => decode)),
        state_bytes: runs.at(-1)?.stateBytes ?? 0,
        peak_memory_bytes: peakProcessMemory(),
      });
    }
    return { model, threads: open.engine.threads, repeat, rows };
  } finally {
    progress.end();
    await open.engine.release();
  }
};

interface Run {
  /** Tokens per second. */
  readonly prefill: number;
  readonly decode: number;
  readonly stateBytes: number;
}

async function measure(
  { decoder, opened }: OpenDecoder,
  length: number,
  decodeTokens: number,
  signal: AbortSignal,
): Promise<Run> {
  const { vocabularySize } = opened.model.architecture;
  // Any tokens cost the same.
  const prompt = Array.from({ length: Math.max(1, length) }, (_unused, place) => (place * 7919) % vocabularySize);
  const state = decoder.start(prompt.length + decodeTokens);
  await decoder.prepare(state, prompt.length);
  const began = performance.now();
  await decoder.prefill(state, prompt, { signal });
  const read = performance.now();
  let steps = -1;
  // The last token is chosen but not taken in: one more makes as many steps as were asked for.
  const tokens = generate(decoder, state, { maxTokens: decodeTokens + 1, sampler: createSampler(), signal });
  for await (const _id of tokens) steps++;
  signal.throwIfAborted();
  const end = performance.now();
  return {
    prefill: rate(prompt.length, read - began) ?? 0,
    decode: rate(steps, end - read) ?? 0,
    stateBytes: state.bytes,
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = 0, high = 0] = [sorted[(sorted.length - 1) >> 1], sorted[middle]];
  return (low + high) / 2;
}
