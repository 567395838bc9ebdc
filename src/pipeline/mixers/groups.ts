/** What mixers have in common: the groups that lines are coloured by where there are too many for a colour each. */
import type { MixerSpec } from "../../mixers/index.ts";

/** The groups, by the index of their colour. */
const groups = ["windows", "states that add", "states that fade", "delta rules", "others"] as const;

const deltaRules = new Set(["delta", "erase", "general", "product", "momentum"]);

/** The group of a mixer, as an index of its colour. */
export function groupOf({ state }: MixerSpec): number {
  const index = (group: (typeof groups)[number]) => groups.indexOf(group);
  if (state === undefined) return index("windows");
  if (deltaRules.has(state.write.kind)) return index("delta rules");
  if (state.write.kind !== "add") return index("others");
  return index(state.decay.kind === "none" ? "states that add" : "states that fade");
}

/** What the colours of these lines mean. */
export function groupLegend(
  series: readonly { readonly colour?: number }[],
): { readonly text: string; readonly colour: number }[] {
  return groups
    .map((text, colour) => ({ text, colour }))
    .filter(({ colour }) => series.some((line) => line.colour === colour));
}
