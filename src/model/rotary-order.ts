/** Weights whose rows make rotary pairs, between the order of a file and that of programs. */
import { type Architecture, type Block, type LayerRole, type RotaryLayout, rotaryRows } from "../families/index.ts";
import type { LayerWeights, Weight } from "./weights.ts";

/** Roles whose rows belong to pairs of dimensions that turn together. */
const rotaryRoles = [
  ...(["queries", "queriesBias", "queriesNorm", "queriesNormBias"] as const),
  ...(["keys", "keysBias", "keysNorm", "keysNormBias"] as const),
] as const satisfies LayerRole[];

/** The order of a head's rows in a block, where it is not that of the file. */
export function rowsOfBlock(
  { ropes }: Architecture,
  { rope }: Block,
  layout: RotaryLayout = "half",
): readonly number[] | undefined {
  const settings = ropes[rope];
  return settings && rotaryRows(2 * settings.pairs, 2 * settings.frequencies.inverse.length, layout);
}

/** Weights with the rows of every head in another order. */
export function reordered(weights: LayerWeights, rows: readonly number[] | undefined): LayerWeights {
  if (rows === undefined) return weights;
  const changed = rotaryRoles.flatMap((role) => {
    const weight = weights[role];
    // A norm's rows are single numbers, of all heads or of each.
    const count = role.includes("Norm") ? weight?.data.length : weight?.shape[0];
    return weight === undefined ? [] : [[role, withRows(weight, rows, count)] as const];
  });
  return { ...weights, ...Object.fromEntries(changed) };
}

/** The heads of a weight, one below the other, each with its rows in the given order. */
function withRows({ dtype, shape, data }: Weight, rows: readonly number[], count = 1): Weight {
  const width = data.length / count;
  const result = new Float32Array(data.length);
  for (let row = 0; row < count; row++) {
    const from = row - (row % rows.length) + (rows[row % rows.length] ?? 0);
    result.set(data.subarray(from * width, (from + 1) * width), row * width);
  }
  return { dtype, shape, data: result };
}
