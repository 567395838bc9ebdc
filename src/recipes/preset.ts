/** Mixers written as changes: to one of the catalogue's, or for one stage to the recipe's own. */
import { below } from "./issues.ts";
import { isRecord } from "./walk.ts";

/** The recipe's data with the preset's mixer below the one it writes; unchanged where it names no preset. */
export function onPreset(data: unknown, mixerOf: ((preset: string) => unknown) | undefined): unknown {
  const preset = below(data, "preset");
  if (typeof preset !== "string" || mixerOf === undefined || !isRecord(data)) return data;
  return { ...data, mixer: over(mixerOf(preset), data.mixer ?? {}) };
}

/** A mixer with changes: mappings key by key, unless they are of another kind; null takes a key away. */
export function changedMixer(mixer: unknown, changes: unknown): unknown {
  return without(over(mixer, changes));
}

function without(value: unknown): unknown {
  if (!isRecord(value)) return value;
  const kept = Object.entries(value).filter(([, part]) => part !== null);
  return Object.fromEntries(kept.map(([key, part]) => [key, without(part)]));
}

/** What is written over what was there: mappings key by key, unless they are of another kind; all else as a whole. */
function over(base: unknown, written: unknown): unknown {
  if (!isRecord(base) || !isRecord(written)) return written;
  if (written.kind !== undefined && written.kind !== base.kind) return written;
  const changed = Object.entries(written).map(([key, value]) => [key, over(base[key], value)] as const);
  return { ...base, ...Object.fromEntries(changed) };
}
