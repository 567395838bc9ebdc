/** A logarithmic axis: where numbers lie, and which of them are written. */
import { roundNumbers } from "./linear-scale.ts";
import type { Scale } from "./scale.ts";

/** Powers of ten below which the numbers between them are marked too. */
const fewDecades = 3;
/** Marks below which round numbers take their place: a narrow axis holds few of 1, 2 and 5. */
const fewMarks = 3;

/**
 * The axis of the given numbers, all above zero; they lie from `start` to `end`, the ends of the drawing. Marked are powers of
 * ten, with 2 and 5 between them where there are few.
 */
export function logScale(values: readonly number[], start: number, end: number): Scale {
  const logs = values.map(Math.log10);
  const [least, most] = [Math.min(...logs), Math.max(...logs)];
  // A single number has no range: it lies in the middle of a decade.
  const [low, high] = most - least < 1e-9 ? [least - 0.5, most + 0.5] : [least, most];
  const steps = high - low < fewDecades ? [1, 2, 5] : [1];
  const decades = Array.from({ length: Math.ceil(high) - Math.floor(low) + 1 }, (_, index) => Math.floor(low) + index);
  const marks = decades.flatMap((decade) => steps.map((step) => step * 10 ** decade));
  const within = marks.filter((mark) => Math.log10(mark) >= low - 1e-9 && Math.log10(mark) <= high + 1e-9);
  return {
    at: (value) => start + ((Math.log10(value) - low) / (high - low)) * (end - start),
    ticks: within.length < fewMarks ? roundNumbers(10 ** low, 10 ** high) : within,
  };
}
