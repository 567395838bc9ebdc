/** The share of converted layers' outputs that comes from their recurrent parts, on a text. */
import type { ForwardPass } from "../inference/forward.ts";

/** The share of each layer on one sequence; null for layers that have not both a window and a state. */
export async function linearShares(forward: ForwardPass, ids: ArrayLike<number>): Promise<(number | null)[]> {
  const { mixers } = forward.model;
  const shares: (number | null)[] = [];
  await forward.hidden({ ids, batch: 1, length: ids.length }, async (layer, x) => {
    const spec = mixers[layer]?.spec;
    if (spec === undefined) return;
    const both = spec.window !== undefined && spec.state !== undefined;
    shares.push(both ? await forward.share(layer, x) : null);
  });
  return shares;
}

/** Their mean over the layers that have one; null where none has. */
export function meanShare(shares: readonly (number | null)[]): number | null {
  const known = shares.filter((share) => share !== null);
  return known.length === 0 ? null : known.reduce((sum, share) => sum + share, 0) / known.length;
}
