/** A token mixer as a value: one point in the space of axes. */
import { z } from "zod";
import { convolutions } from "./convolution.ts";
import { type Decay, decays } from "./decay.ts";
import { MixerError } from "./errors.ts";
import { type FeatureMap, featureMaps } from "./feature-map.ts";
import { type Mix, mixes } from "./mix.ts";
import { type Normalization, normalizations } from "./normalize.ts";
import { outputGates, outputNorms } from "./output.ts";
import { type Read, reads } from "./read.ts";
import { ropeSchema } from "./rope.ts";
import type { Stage } from "./stage.ts";
import { type Window, windows } from "./window.ts";
import { type Write, writes } from "./write.ts";

const stateSchema = z.strictObject({
  featureMap: featureMaps.schema,
  decay: decays.schema.default({ kind: "none" }),
  write: writes.schema.default({ kind: "add" }),
  read: reads.schema.default({ kind: "all" }),
});

/** The schema of a mixer: an optional softmax window and an optional recurrent state, combined. */
export const mixerSpec = z.strictObject({
  rope: ropeSchema.default("before"),
  convolution: convolutions.schema.optional(),
  window: windows.schema.optional(),
  /** Factor of the window's scores (default: dim^−½). */
  scale: z.number().positive().optional(),
  state: stateSchema.optional(),
  normalize: normalizations.schema.default({ kind: "none" }),
  /** How window and state are weighed; only and always where there are both. */
  mix: mixes.schema.optional(),
  outputNorm: outputNorms.schema.optional(),
  outputGate: outputGates.schema.optional(),
});

/** A mixer, checked and complete with defaults. */
export type MixerSpec = z.output<typeof mixerSpec>;

/** A mixer as people write it, defaults left out. */
export type MixerSpecInput = z.input<typeof mixerSpec>;

/** The recurrent branch, declared. */
export interface StateBranch {
  readonly featureMap: FeatureMap;
  readonly decay: Decay;
  readonly write: Write;
  readonly read: Read;
}

/** A spec's axes as objects that say what they need and compute. */
export interface Mixer {
  readonly spec: MixerSpec;
  readonly window?: Window;
  readonly state?: StateBranch;
  readonly normalize: Normalization;
  readonly mix?: Mix;
  readonly stages: readonly Stage[];
}

/** Checks a mixer. Throws a MixerError that names each wrong field; `where` says whose mixer it is. */
export function parseMixer(value: unknown, where = "mixer"): MixerSpec {
  const result = mixerSpec.safeParse(value);
  if (!result.success) {
    const problems = result.error.issues.map(({ path, message }) => `${[where, ...path].join(".")}: ${message}`);
    throw new MixerError(problems.join("; "));
  }
  checkTogether(declareMixer(result.data), where);
  return result.data;
}

/** The objects behind a spec's options. */
export function declareMixer(spec: MixerSpec): Mixer {
  const { window, state, mix } = spec;
  return {
    spec,
    ...(window && { window: windows.declare(window) }),
    ...(state && {
      state: {
        featureMap: featureMaps.declare(state.featureMap),
        decay: decays.declare(state.decay),
        write: writes.declare(state.write),
        read: reads.declare(state.read),
      },
    }),
    normalize: normalizations.declare(spec.normalize),
    ...(mix && { mix: mixes.declare(mix) }),
    stages: [
      ...(spec.convolution ? [convolutions.declare(spec.convolution)] : []),
      ...(spec.outputNorm ? [outputNorms.declare(spec.outputNorm)] : []),
      ...(spec.outputGate ? [outputGates.declare(spec.outputGate)] : []),
    ],
  };
}

function checkTogether({ window, state, normalize, mix }: Mixer, where: string): void {
  const both = window !== undefined && state !== undefined;
  const fail = (field: string, problem: string) => {
    throw new MixerError(`${where}.${field}: ${problem}`);
  };
  if (window === undefined && state === undefined) fail("window", "a mixer needs a window, a state or both");
  if (both && mix === undefined) fail("mix", "a mixer with a window and a state must say how they are mixed");
  if (!both && mix !== undefined) fail("mix", "there is only one branch: nothing to mix");
  if (!both && normalize.joins) fail("normalize", "a joint normalization needs a window and a state");
}
