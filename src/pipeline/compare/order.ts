/** The order of the rows of a comparison. */
import type { CompareRow } from "../contract.ts";

/** The longest length of a row that was measured, or undefined. */
type Figures = CompareRow["texts"][number]["perplexity"];

/** The row of the longest length. */
export function longestRow(rows: Figures): Figures[number] | undefined {
  return rows.toSorted((a, b) => a.length - b.length).at(-1);
}

/**
 * Teacher and finetuned teacher, then the recipes from the lowest ratio to the teacher at the longest length up (the geometric
 * mean over texts), at last those that could not be run.
 */
export function ordered(rows: readonly CompareRow[]): CompareRow[] {
  return rows.toSorted((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind) || placeOf(a) - placeOf(b));
}

const kinds: readonly CompareRow["kind"][] = ["teacher", "finetuned-teacher", "recipe"];

/**
 * The mean logarithm of the perplexities: the teacher's are the same for all, so their order is that of the ratios, also beyond
 * the teacher's context, where there are none.
 */
function placeOf({ texts }: CompareRow): number {
  const logarithms = texts.map(({ perplexity }) => Math.log(longestRow(perplexity)?.model ?? Number.MAX_VALUE));
  if (logarithms.length === 0) return Number.MAX_VALUE;
  return logarithms.reduce((sum, value) => sum + value, 0) / logarithms.length;
}
