/** The share of attention weight that converted layers' recurrent parts carry on a text. */
import type { ForwardPass } from "../inference/forward.ts";

/** Mean over converted layers on one sequence; null where no layer has both a window and a state. */
export async function linearShare(forward: ForwardPass, ids: ArrayLike<number>): Promise<number | null> {
  const { mixers } = forward.model;
  const shares: number[] = [];
  await forward.hidden({ ids, batch: 1, length: ids.length }, async (layer, x) => {
    const spec = mixers[layer]?.spec;
    if (spec?.window !== undefined && spec.state !== undefined) shares.push(await forward.share(layer, x));
  });
  return shares.length === 0 ? null : shares.reduce((sum, share) => sum + share, 0) / shares.length;
}
