/** A linear axis: where numbers lie, and which of them are written. */
import type { Scale } from "./scale.ts";

/** At most so many numbers are written. */
const mostTicks = 6;

/** The axis of the given numbers; they lie from `start` to `end`, the ends of the drawing. */
export function linearScale(values: readonly number[], start: number, end: number): Scale {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  // A single number has no range: it lies in the middle of one.
  const half = most > least ? 0 : Math.abs(most) / 2 || 0.5;
  const [low, high] = [least - half, most + half];
  return {
    at: (value) => start + ((value - low) / (high - low)) * (end - start),
    ticks: roundNumbers(low, high),
  };
}

/** Round numbers from `low` to `high`: multiples of 1, 2 or 5 times a power of ten. */
export function roundNumbers(low: number, high: number): number[] {
  const rough = (high - low) / (mostTicks - 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough * (1 - 1e-9)) ?? 10 * power;
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  // Through text, so that 3 × 0.1 is 0.3.
  return Array.from({ length: count }, (_unused, index) => Number(((first + index) * step).toPrecision(12)));
}
