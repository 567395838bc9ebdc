/** The numbers that a model writes by itself where a sequence asks for them. */
import type { Decoder } from "../../inference/decoder.ts";
import type { ProbeReader, ProbeSequence } from "./probe.ts";

/** A number and what ends it. */
const endedNumber = /^\s*(\d+)\D/;

/**
 * What greedy decoding writes in place of each answer that is a number, given the true tokens before it. One token more than
 * the answer has is decoded, which must end the number; NaN where there is no number, or a longer one; undefined for answers
 * that are no numbers.
 */
export async function greedyNumbers(
  decoder: Decoder,
  reader: Pick<ProbeReader, "decode">,
  { ids, answers }: ProbeSequence,
  signal?: AbortSignal,
): Promise<(number | undefined)[]> {
  const state = decoder.start(ids.length);
  const numbers: (number | undefined)[] = [];
  let done = 0;
  for (const { start, length, number } of answers) {
    if (number === undefined) {
      numbers.push(undefined);
      continue;
    }
    await decoder.prefill(state, ids.slice(done, start), { signal });
    done = start;
    const branch = state.fork();
    const written: number[] = [];
    while (written.length <= length) {
      const best = likeliest(branch.logits.data);
      written.push(best);
      if (written.length <= length) await decoder.prefill(branch, [best], { signal });
    }
    numbers.push(Number(endedNumber.exec(reader.decode(written))?.[1] ?? Number.NaN));
  }
  return numbers;
}

function likeliest(logits: Float32Array): number {
  let best = 0;
  for (let id = 1; id < logits.length; id++) if ((logits[id] ?? 0) > (logits[best] ?? 0)) best = id;
  return best;
}
