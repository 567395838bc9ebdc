/** Mixers by their published names. */
import { type MixerSpec, parseMixer } from "../spec.ts";
import { linearAttention } from "./linear-attention.ts";
import { lolcats, lolcatsTerrace } from "./lolcats.ts";
import { slidingWindow } from "./sliding-window.ts";
import { softmax } from "./softmax.ts";

/** Every preset, checked. */
export const presets: Readonly<Record<string, MixerSpec>> = Object.fromEntries(
  Object.entries({
    softmax,
    "sliding-window": slidingWindow,
    "linear-attention": linearAttention,
    lolcats,
    "lolcats-terrace": lolcatsTerrace,
  }).map(([name, spec]) => [name, parseMixer(spec, name)]),
);

/** The softmax attention of an unconverted layer. */
export const softmaxSpec: MixerSpec = parseMixer(softmax, "softmax");
