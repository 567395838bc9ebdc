/** The order in which checkpoints keep the rotated rows of a head, and the one that programs compute with. */

/** Which rows of a head make a rotary pair: those half of the rotated rows apart, or neighbours. */
export type RotaryLayout = "half" | "adjacent";

/**
 * For each row of a head as programs want it, the file's row: pairs stand half a head apart, rotated ones first. Queries and
 * keys reordered alike give the same scores, so rows that are not rotated make pairs too, which never turn. Undefined where
 * the file has that order.
 */
export function rotaryRows(headDim: number, rotated: number, layout: RotaryLayout): readonly number[] | undefined {
  const half = headDim / 2;
  const row = (index: number): number => {
    const [pair, second] = [index % half, index >= half];
    if (2 * pair >= rotated) return second ? pair + half : pair + rotated / 2;
    if (layout === "adjacent") return 2 * pair + Number(second);
    return second ? pair + rotated / 2 : pair;
  };
  const rows = Array.from({ length: headDim }, (_unused, index) => row(index));
  return rows.every((file, index) => file === index) ? undefined : rows;
}

/** Rows that undo an order. */
export function inverseRows(rows: readonly number[]): readonly number[] {
  const inverse = new Array<number>(rows.length);
  rows.forEach((file, index) => {
    inverse[file] = index;
  });
  return inverse;
}
