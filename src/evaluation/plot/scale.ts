/** What every axis of a plot tells. */

/** An axis from one place of the drawing to another. */
export interface Scale {
  /** Where a number lies. */
  at(value: number): number;
  /** Numbers to mark. */
  readonly ticks: readonly number[];
}
