/** Perplexity by the place in the window: what a model gains from the tokens before. */

/** A range of places, counted from 0; `to` is not part of it. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** The places before this one are one span: single tokens at the beginning of few windows say little. */
const first = 16;

/** The places of a window that are scored, in spans that double: 1 to 16, to 32, to 64, … to the window's end. */
export function positionSpans(length: number): Span[] {
  const spans: Span[] = [];
  for (let from = 1, to = first; from < length; from = to, to *= 2) spans.push({ from, to: Math.min(to, length) });
  return spans;
}

/** Perplexity of the tokens at the places of a span, from the mean losses of tokens 1 and later. */
export function spanPerplexity(places: Float64Array, { from, to }: Span): number {
  const losses = places.subarray(from - 1, to - 1);
  return Math.exp(losses.reduce((sum, loss) => sum + loss, 0) / losses.length);
}
