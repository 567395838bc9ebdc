/** Branches beside attention: how their tensors are spelt. */
import type { LayerRole } from "./block.ts";
import type { LayerSpelling } from "./family.ts";

/** A role of a layer by itself, as a branch's. */
const ofBranch = (role: string): LayerRole => `beside.${role}`;

function renamed<T>(byRole: Readonly<Partial<Record<string, T>>> = {}): Record<string, T> {
  return Object.fromEntries(
    Object.entries(byRole).flatMap(([role, value]) => (value === undefined ? [] : [[ofBranch(role), value]])),
  );
}

/** The tensors of a layer by itself, as those of a branch, beside the tensors of the rest of its block. */
export function besideSpelling(
  { layer, order = [], turns, lies }: LayerSpelling,
  others: LayerSpelling["layer"],
): LayerSpelling {
  return {
    layer: { ...others, ...renamed(layer) },
    order: order.map(ofBranch),
    turns: renamed(turns),
    lies: renamed(lies),
  };
}
