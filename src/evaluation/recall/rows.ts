/** Scores of answers, summed up by what makes answers hard: distance, depth, or the number of examples. */
import type { ProbeAnswer } from "./probe.ts";
import type { AnswerScore } from "./score.ts";

/** A range of whole numbers; `to` is not part of it. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** Which answers a row is about. */
export interface RowKey {
  /** Tokens between where it was told and where it was asked, in ranges that double; null: all. */
  readonly distance: Range | null;
  /** Where in the text it was told, from 0 to 1; null: anywhere. */
  readonly depth: number | null;
  /** Examples before; null where it is no matter of examples. */
  readonly examples: Range | null;
}

/** What is measured. */
export type Metric = "exact_match" | "log_probability" | "margin" | "relative_error";

/** One figure. */
export interface RecallFigure extends RowKey {
  readonly metric: Metric;
  /** Answers it is a mean over. */
  readonly n: number;
  readonly value: number;
  /** The same figure of guesses; null where there is none. */
  readonly baseline: number | null;
}

/** A score, with the error of the number that greedy decoding writes where the probe asks for numbers. */
export interface ProbeScore extends AnswerScore {
  /** |ŷ − y| / |y|, at most 1; null where it was not measured. */
  readonly relativeError: number | null;
  /** The same error of a guess. */
  readonly guessError: number | null;
}

const values: Readonly<Record<Metric, (score: ProbeScore) => number | null>> = {
  exact_match: ({ exact }) => (exact ? 1 : 0),
  log_probability: ({ logProbability }) => logProbability,
  margin: ({ margin }) => margin,
  relative_error: ({ relativeError }) => relativeError,
};

/** |written − wanted| / |wanted|, at most 1, which is also the error of what is no number. */
export function relativeError(written: number, wanted: number): number {
  if (Number.isNaN(written)) return 1;
  return Math.min(1, Math.abs(written - wanted) / Math.max(1, Math.abs(wanted)));
}

/** The means of every metric that was measured: over all answers first, then over the groups. */
export function recallFigures(scores: readonly ProbeScore[]): RecallFigure[] {
  const groups = new Map<string, { readonly key: RowKey; readonly scores: ProbeScore[] }>();
  const all: RowKey = { distance: null, depth: null, examples: null };
  for (const score of scores) {
    for (const key of [all, keyOf(score.answer)]) {
      const name = JSON.stringify(key);
      const group = groups.get(name) ?? { key, scores: [] };
      group.scores.push(score);
      groups.set(name, group);
    }
  }
  const ordered = [...groups.values()].sort((a, b) => placeOf(a.key) - placeOf(b.key));
  return ordered.flatMap(({ key, scores: own }) =>
    (Object.keys(values) as Metric[]).flatMap((metric) => {
      const measured = own.map(values[metric]).filter((value) => value !== null);
      const guesses = metric === "relative_error" ? own.map((score) => score.guessError) : [];
      const value = meanOf(measured);
      return value === null ? [] : [{ ...key, metric, n: measured.length, value, baseline: meanOf(guesses) }];
    }),
  );
}

function meanOf(all: readonly (number | null)[]): number | null {
  const known = all.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}

function keyOf({ distance, depth, examples }: ProbeAnswer): RowKey {
  if (examples !== undefined) return { distance: null, depth: null, examples: doubling(examples) };
  if (depth !== undefined) return { distance: null, depth, examples: null };
  return { distance: distance > 0 ? doubling(distance) : null, depth: null, examples: null };
}

/** The range of 0 alone, or the one from a power of two to the next that holds the number. */
function doubling(value: number): Range {
  if (value < 1) return { from: 0, to: 1 };
  const from = 2 ** Math.floor(Math.log2(value));
  return { from, to: 2 * from };
}

/** Groups are in the order of their numbers, after all answers together. */
function placeOf({ distance, depth, examples }: RowKey): number {
  return distance?.from ?? depth ?? examples?.from ?? -1;
}
