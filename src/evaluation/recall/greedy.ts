/** The numbers that a model writes by itself where a sequence asks for them. */
import type { Decoder } from "../../inference/decoder.ts";
import type { ProbeReader, ProbeSequence } from "./probe.ts";

/** What follows a number in no writing. */
const afterNumber = /^\s*(-?\d+)\D/;

/**
 * What greedy decoding writes in place of each answer, given the true tokens before it; NaN where it is no number. One token
 * more than the answer's is decoded, which must end the number.
 */
export async function greedyNumbers(
  decoder: Decoder,
  reader: Pick<ProbeReader, "decode">,
  { ids, answers }: ProbeSequence,
  signal?: AbortSignal,
): Promise<number[]> {
  const state = decoder.start(ids.length + 16);
  const numbers: number[] = [];
  let done = 0;
  for (const { start, length } of answers) {
    await decoder.prefill(state, ids.slice(done, start), { signal });
    done = start;
    const branch = state.fork();
    const written: number[] = [];
    while (written.length <= length) {
      const { data } = branch.logits;
      let best = 0;
      for (let id = 1; id < data.length; id++) if ((data[id] ?? 0) > (data[best] ?? 0)) best = id;
      written.push(best);
      if (written.length <= length) await decoder.prefill(branch, [best], { signal });
    }
    numbers.push(Number(afterNumber.exec(`${reader.decode(written)}`)?.[1] ?? Number.NaN));
  }
  return numbers;
}
