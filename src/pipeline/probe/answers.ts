/** How a model answers a probe of recall, from the stream after its last layer. */
import type { ProbeSequence } from "../../evaluation/recall/probe.ts";
import type { ForwardPass } from "../../inference/forward.ts";
import { compareProgram } from "../../model/compare.ts";
import { endFeeds } from "../../model/ends.ts";
import { type FloatTensor, floats, floatsOf, indices } from "../../runtime/index.ts";

/** Sums over answers; several sequences are added up. */
export interface AnswerSums {
  readonly answers: number;
  /** Answers whose every token is the likeliest. */
  readonly exact: number;
  /** Of each answer, the mean log probability of its tokens in nats. */
  readonly logProbability: number;
}

/** Tokens whose logits are formed at once: bounds memory at this many rows of the vocabulary. */
const headRows = 64;

/** Scores a sequence's answers, each given all tokens before it; `x` is the stream `[1, length, hidden]`. */
export async function scoreStream(forward: ForwardPass, x: FloatTensor, sequence: ProbeSequence): Promise<AnswerSums> {
  const { ids, answers } = sequence;
  // What stands at place p is told by the stream at p − 1.
  const places = answers.flatMap(({ start, length }) => Array.from({ length }, (_unused, index) => start + index));
  const scores = new Map<number, { readonly target: number; readonly best: number }>();
  for (let first = 0; first < places.length; first += headRows) {
    const part = places.slice(first, first + headRows);
    const compared = await compare(
      forward,
      x,
      part.map((place) => ({ row: place - 1, target: ids[place] ?? 0 })),
    );
    part.forEach((place, index) => {
      scores.set(place, { target: compared.target[index] ?? Number.NaN, best: compared.best[index] ?? Number.NaN });
    });
  }
  let [exact, logProbability] = [0, 0];
  for (const { start, length } of answers) {
    const tokens = Array.from({ length }, (_unused, index) => scores.get(start + index)).filter(
      (token) => token !== undefined,
    );
    if (tokens.every(({ target, best }) => target >= best)) exact++;
    logProbability += tokens.reduce((sum, { target }) => sum + target, 0) / length;
  }
  return { answers: answers.length, exact, logProbability };
}

async function compare(
  { engine, model }: ForwardPass,
  stream: FloatTensor,
  asked: readonly { readonly row: number; readonly target: number }[],
): Promise<{ readonly target: Float32Array; readonly best: Float32Array }> {
  const { architecture, weights } = model;
  const { hiddenSize } = architecture;
  const program = await engine.cached(`compare ${headRows}`, () => compareProgram(architecture, headRows));
  const x = floats([headRows, hiddenSize]);
  for (const [index, { row }] of asked.entries())
    x.data.set(stream.data.subarray(row * hiddenSize, (row + 1) * hiddenSize), index * hiddenSize);
  const targets = indices(
    [headRows, 1],
    Array.from({ length: headRows }, (_unused, index) => asked[index]?.target ?? 0),
  );
  const { target, best } = await program.run({
    ...{ x, ...endFeeds(weights), targets, others: targets },
  });
  return { target: floatsOf(target), best: floatsOf(best) };
}
