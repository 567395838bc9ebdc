/** One model on the sequences of one probe. */
import type { Decoder } from "../../inference/decoder.ts";
import { greedyNumbers } from "./greedy.ts";
import type { ProbeReader, ProbeSequence } from "./probe.ts";
import { type ProbeScore, relativeError } from "./rows.ts";
import { type ScoreOptions, scoreAnswers } from "./score.ts";

/** The scores of a sequence's answers; numbers are also written by greedy decoding. */
export async function measureSequence(
  decoder: Decoder,
  reader: Pick<ProbeReader, "decode">,
  sequence: ProbeSequence,
  options: ScoreOptions = {},
): Promise<ProbeScore[]> {
  const scores = await scoreAnswers(decoder, sequence, options);
  const asksNumbers = sequence.answers.some(({ number }) => number !== undefined);
  const written = asksNumbers ? await greedyNumbers(decoder, reader, sequence, options.signal) : [];
  return scores.map((score, index) => {
    const { number, guess } = score.answer;
    const error = (said: number | undefined) =>
      number === undefined || said === undefined ? null : relativeError(said, number);
    return { ...score, relativeError: error(written[index]), guessError: error(guess) };
  });
}
