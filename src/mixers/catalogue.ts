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

/** The softmax attention of an unconverted layer. */
export const softmaxSpec: MixerSpec = parseMixer({ window: { kind: "full" } }, "unconverted");

const softmaxText = JSON.stringify(softmaxSpec);

/** Whether a mixer is the teacher's own: softmax attention over all tokens. */
export function isSoftmax(spec: MixerSpec): boolean {
  return spec === softmaxSpec || JSON.stringify(spec) === softmaxText;
}
