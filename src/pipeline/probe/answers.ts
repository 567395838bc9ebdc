/** How a model answers a probe of recall, from the stream after its last layer. */
import type { ProbeSequence } from "../../evaluation/recall/probe.ts";
import {
  type Asked,
  type Compared,
  compareTokens,
  headRows,
  scoreOf,
  wantedTokens,
} from "../../evaluation/recall/score.ts";
import type { ForwardPass } from "../../inference/forward.ts";
import type { FloatTensor } from "../../runtime/index.ts";

/** Sums over answers; several sequences are added up. */
export interface AnswerSums {
  readonly answers: number;
  /** Answers whose every token is the likeliest. */
  readonly exact: number;
  /** Of each answer, the mean log probability of its tokens in nats. */
  readonly logProbability: number;
}

/** Scores a sequence's answers, each given all tokens before it; `x` is the stream `[1, length, hidden]`. */
export async function scoreStream(forward: ForwardPass, x: FloatTensor, sequence: ProbeSequence): Promise<AnswerSums> {
  const { hiddenSize } = forward.model.architecture;
  const asked = [...wantedTokens(sequence)].map(([row, tokens]): [number, Asked] => [
    row,
    { ...tokens, x: x.data.subarray(row * hiddenSize, (row + 1) * hiddenSize) },
  ]);
  const compared = new Map<number, Compared>();
  for (let first = 0; first < asked.length; first += headRows)
    await compareTokens(forward, new Map(asked.slice(first, first + headRows)), compared);
  const scores = sequence.answers.map((answer) => scoreOf(answer, compared));
  return {
    answers: scores.length,
    exact: scores.filter(({ exact }) => exact).length,
    logProbability: scores.reduce((sum, score) => sum + score.logProbability, 0),
  };
}
