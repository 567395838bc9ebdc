/** What results may differ from published ones by. */

/** Number types that forms are checked in. */
export type CheckedType = "float64" | "float32";

/** The laws' tolerances for golden files. */
export const goldenTolerance: Readonly<Record<CheckedType, number>> = { float64: 1e-9, float32: 1e-4 };
