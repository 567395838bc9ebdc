/** The catalogue's mixers, checked. */
import type { Preset } from "./preset.ts";
import { catalogue } from "./presets/index.ts";
import { type MixerSpec, parseMixer } from "./spec.ts";

/** Every preset's mixer by name. */
export const presets: Readonly<Record<string, MixerSpec>> = Object.fromEntries(
  catalogue.map(({ name, spec }: Preset) => [name, parseMixer(spec, name)]),
);

/** Every preset by name. */
export const catalogueByName: ReadonlyMap<string, Preset> = new Map(catalogue.map((preset) => [preset.name, preset]));

/** Softmax attention over all tokens. */
export const softmaxSpec: MixerSpec = parseMixer({ window: { kind: "full" } }, "softmax");

/** Whether two mixers are one. */
export function sameMixer(left: MixerSpec, right: MixerSpec): boolean {
  return left === right || JSON.stringify(left) === JSON.stringify(right);
}
