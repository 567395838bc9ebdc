/** Comparing tensors by the laws' measure. */
import { expect } from "vitest";

/** max|a − b| / max|b|; infinite where anything is not finite or the lengths differ. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let [difference, size] = [0, 0];
  for (let index = 0; index < expected.length; index++) {
    const [a, b] = [actual[index] ?? Number.NaN, expected[index] ?? Number.NaN];
    if (!Number.isFinite(a) || !Number.isFinite(b)) return Number.POSITIVE_INFINITY;
    difference = Math.max(difference, Math.abs(a - b));
    size = Math.max(size, Math.abs(b));
  }
  return size === 0 ? difference : difference / size;
}

/** Fails unless the relative error is at most `tolerance`. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what = "tensor",
): void {
  expect(relativeError(actual, expected), `relative error of ${what}`).toBeLessThanOrEqual(tolerance);
}
