/** Scores the answers of a probe's sequence, each given all tokens before it. */
import type { Decoder } from "../../inference/decoder.ts";
import { compareProgram } from "../../model/compare.ts";
import { endFeeds } from "../../model/ends.ts";
import { floats, floatsOf, indices } from "../../runtime/index.ts";
import type { ProbeAnswer, ProbeSequence } from "./probe.ts";

/** How an answer came out. */
export interface AnswerScore {
  readonly answer: ProbeAnswer;
  /** Every token is the likeliest after those before it: what greedy decoding writes. */
  readonly exact: boolean;
  /** Mean log probability of its tokens, in nats. */
  readonly logProbability: number;
  /** That, less the mean log probability of the wrong answer's tokens at the same places; null without a wrong answer. */
  readonly margin: number | null;
}

/** Tokens whose logits are formed at once: bounds memory at this many rows of the vocabulary. */
export const headRows = 64;

/** A token of an answer, and the one at its place in the wrong answer. */
interface Wanted {
  readonly target: number;
  readonly other: number;
}

/** The same with the stream at the token before: all that a model needs to say how likely they are. */
export interface Asked extends Wanted {
  readonly x: Float32Array;
}

/** Log probabilities in nats: of the two tokens, and of the likeliest one. */
export interface Compared {
  readonly target: number;
  readonly other: number;
  readonly best: number;
}

/** Where the scores of a sequence's answers may be seen and stopped. */
export interface ScoreOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called after each chunk with the tokens done so far. */
  readonly onTokens?: (done: number) => void;
}

/** The scores in the order of the answers. Memory does not grow with the sequence but for a softmax model's keys and values. */
export async function scoreAnswers(
  decoder: Decoder,
  { ids, answers }: ProbeSequence,
  options: ScoreOptions = {},
): Promise<AnswerScore[]> {
  const { hiddenSize } = decoder.model.architecture;
  const wanted = wantedTokens({ ids, answers });
  const compared = new Map<number, Compared>();
  let waiting = new Map<number, Asked>();
  const state = decoder.start(ids.length);
  await decoder.read(state, ids, {
    ...options,
    visit: async ({ start, count, x }) => {
      for (let row = 0; row < count; row++) {
        const tokens = wanted.get(start + row);
        if (tokens === undefined) continue;
        waiting.set(start + row, { ...tokens, x: x.data.slice(row * hiddenSize, (row + 1) * hiddenSize) });
        if (waiting.size < headRows) continue;
        await compareTokens(decoder, waiting, compared);
        waiting = new Map();
      }
    },
  });
  if (waiting.size > 0) await compareTokens(decoder, waiting, compared);
  return answers.map((answer) => scoreOf(answer, compared));
}

/** The tokens of all answers by the place of the token before, whose stream tells them. */
export function wantedTokens({ ids, answers }: ProbeSequence): Map<number, Wanted> {
  const wanted = new Map<number, Wanted>();
  for (const { start, length, contrast } of answers) {
    for (let index = 0; index < length; index++) {
      const target = ids[start + index] ?? 0;
      wanted.set(start + index - 1, { target, other: contrast?.[index] ?? target });
    }
  }
  return wanted;
}

/** How likely a model finds up to `headRows` tokens, added to `into` by their places. */
export async function compareTokens(
  { engine, model }: Pick<Decoder, "engine" | "model">,
  asked: ReadonlyMap<number, Asked>,
  into: Map<number, Compared>,
): Promise<void> {
  const { architecture, weights } = model;
  const { hiddenSize } = architecture;
  const program = await engine.cached(`compare ${headRows}`, () => compareProgram(architecture, headRows));
  const rows = [...asked.values()];
  const x = floats([headRows, hiddenSize]);
  for (const [index, row] of rows.entries()) x.data.set(row.x, index * hiddenSize);
  const column = (of: (row: Asked) => number) =>
    indices(
      [headRows, 1],
      Array.from({ length: headRows }, (_unused, index) => (rows[index] === undefined ? 0 : of(rows[index]))),
    );
  const outputs = await program.run({
    x,
    ...endFeeds(weights),
    targets: column(({ target }) => target),
    others: column(({ other }) => other),
  });
  const [target, other, best] = [outputs.target, outputs.other, outputs.best].map(floatsOf);
  [...asked.keys()].forEach((place, index) => {
    into.set(place, {
      target: target?.[index] ?? Number.NaN,
      other: other?.[index] ?? Number.NaN,
      best: best?.[index] ?? Number.NaN,
    });
  });
}

/** How an answer came out, from the comparisons of its tokens. */
export function scoreOf(answer: ProbeAnswer, compared: ReadonlyMap<number, Compared>): AnswerScore {
  const { start, length, contrast } = answer;
  const tokens = Array.from({ length }, (_unused, index) => compared.get(start + index - 1)).filter(
    (token) => token !== undefined,
  );
  const mean = (of: (token: Compared) => number) => tokens.reduce((sum, token) => sum + of(token), 0) / tokens.length;
  const logProbability = mean(({ target }) => target);
  return {
    answer,
    exact: tokens.every(({ target, best }) => target >= best),
    logProbability,
    margin: contrast === undefined ? null : logProbability - mean(({ other }) => other),
  };
}
