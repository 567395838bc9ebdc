/** A token mixer as a value: one point in the space of axes. */
import { z } from "zod";
import { type Convolution, convolutions } from "./convolution.ts";
import { type Derived, deriveds } from "./derived.ts";
import { MixerError } from "./errors.ts";
import { type FeatureMap, featureMaps } from "./feature-maps/index.ts";
import type { Decay } from "./gates/decay.ts";
import { decays } from "./gates/decays/index.ts";
import { type Local, locals } from "./local.ts";
import { type Mix, mixes } from "./mix.ts";
import { type Normalization, normalizations } from "./normalize.ts";
import { type OutputStage, outputGates, outputNorms } from "./output.ts";
import { type Read, reads } from "./read.ts";
import { ropeSchema } from "./rope.ts";
import { type Skip, skips } from "./skip.ts";
import { type Window, windows } from "./windows/index.ts";
import { type Write, writes } from "./write.ts";

const stateSchema = z.strictObject({
  /** One state per query head, or one per key and value head that all query heads of its group read. */
  per: z.enum(["head", "group"]).default("head"),
  featureMap: featureMaps.schema.prefault({ kind: "identity" }),
  /** Factor of the queries' features: a number, or dim^−½. */
  scale: z.union([z.number().positive(), z.literal("dim")]).default(1),
  decay: decays.schema.prefault({ kind: "none" }),
  write: writes.schema.prefault({ kind: "add" }),
  read: reads.schema.prefault({ kind: "all" }),
  skip: skips.schema.optional(),
});

/** The schema of a mixer: an optional softmax window and an optional recurrent state, combined. */
export const mixerSpec = z.strictObject({
  /** Whether a query reads only what came no later; encoders read both ways. */
  causal: z.boolean().default(true),
  rope: ropeSchema.default("before"),
  convolution: convolutions.schema.optional(),
  /** What queries and keys are made of, where they are not given. */
  derived: deriveds.schema.optional(),
  window: windows.schema.optional(),
  /** Factor of the window's scores (default: dim^−½). */
  scale: z.number().positive().optional(),
  /** Cap c of the window's scores, c · tanh(score / c) (Gemma 2, arXiv 2408.00118; default: none). */
  cap: z.number().positive().optional(),
  state: stateSchema.optional(),
  normalize: normalizations.schema.default({ kind: "none" }),
  /** How window and state are weighed; only and always where there are both. */
  mix: mixes.schema.optional(),
  /** What is added to the branches' output from the values nearby. */
  local: locals.schema.optional(),
  outputNorm: outputNorms.schema.optional(),
  outputGate: outputGates.schema.optional(),
});

/** A mixer, checked and complete with defaults. */
export type MixerSpec = z.output<typeof mixerSpec>;

/** A mixer as people write it, defaults left out. */
export type MixerSpecInput = z.input<typeof mixerSpec>;

/** The recurrent branch, declared. */
export interface StateBranch {
  readonly per: "head" | "group";
  readonly featureMap: FeatureMap;
  readonly decay: Decay;
  readonly write: Write;
  readonly read: Read;
  readonly skip?: Skip;
  readonly scale: number | "dim";
}

/** A spec's axes as objects that say what they need and compute. */
export interface Mixer {
  readonly spec: MixerSpec;
  readonly window?: Window;
  readonly state?: StateBranch;
  readonly normalize: Normalization;
  readonly mix?: Mix;
  readonly convolution?: Convolution;
  readonly derived?: Derived;
  readonly local?: Local;
  /** Steps after the branches are combined, in order. */
  readonly output: readonly OutputStage[];
}

/** Checks a mixer. Throws a MixerError that names each wrong field; `where` says whose mixer it is. */
export function parseMixer(value: unknown, where = "mixer"): MixerSpec {
  const result = mixerSpec.safeParse(value);
  if (!result.success) {
    const problems = result.error.issues.map(({ path, message }) => `${[where, ...path].join(".")}: ${message}`);
    throw new MixerError(problems.join("; "));
  }
  const mixer = declareMixer(result.data, where);
  if (!mixer.spec.causal) checkBothWays(mixer, where);
  checkTogether(mixer, where);
  return result.data;
}

/** The objects behind a spec's options. Throws a MixerError where its window cannot read the way that it should. */
export function declareMixer(spec: MixerSpec, where = "mixer"): Mixer {
  const { state, mix } = spec;
  const window = spec.window && windows.declare(spec.window)[spec.causal ? "causal" : "bothWays"];
  if (typeof window === "string") throw new MixerError(`${where}.window: ${window}`);
  return {
    spec,
    ...(window && { window }),
    ...(state && {
      state: {
        per: state.per,
        featureMap: featureMaps.declare(state.featureMap),
        decay: decays.declare(state.decay),
        write: writes.declare(state.write),
        read: reads.declare(state.read),
        ...(state.skip && { skip: skips.declare(state.skip) }),
        scale: state.scale,
      },
    }),
    normalize: normalizations.declare(spec.normalize),
    ...(mix && { mix: mixes.declare(mix) }),
    ...(spec.convolution && { convolution: convolutions.declare(spec.convolution) }),
    ...(spec.derived && { derived: deriveds.declare(spec.derived) }),
    ...(spec.local && { local: locals.declare(spec.local) }),
    output: outputStages(spec),
  };
}

function outputStages({ outputNorm, outputGate }: MixerSpec): readonly OutputStage[] {
  const norm = outputNorm ? [outputNorms.declare(outputNorm)] : [];
  const gate = outputGate && outputGates.declare(outputGate);
  if (gate === undefined) return norm;
  return gate.first ? [gate, ...norm] : [...norm, gate];
}

function failAt(where: string): (field: string, problem: string) => never {
  return (field, problem) => {
    throw new MixerError(`${where}.${field}: ${problem}`);
  };
}

/** Refuses what depends on the order of the tokens. */
function checkBothWays({ state, convolution, local }: Mixer, where: string): void {
  const fail = failAt(where);
  const early = "filters read earlier tokens only: leave them out, or set causal";
  if (convolution !== undefined) fail("convolution", early);
  if (local?.ahead === false) fail("local", early);
  if (state === undefined) return;
  if (!state.read.bothWays) fail("state.read", "tokens that wait to be read have an order: read all, or set causal");
  const recurrence = state.write.recurrence(state.decay, state.read.order);
  if (
    typeof recurrence !== "string" &&
    (recurrence.whole === undefined || (recurrence.masked ?? recurrence.dense) === undefined)
  )
    fail("state", "its tokens are written in their order: only a state that adds and never forgets reads both ways");
}

/** Sizes of the smallest layer, to ask what a part would need. */
const smallest = { batch: 1, heads: 2, groups: 1, length: 1, dim: 4, hidden: 8 };

function checkTogether({ spec, window, state, normalize, mix, local }: Mixer, where: string): void {
  const both = window !== undefined && state !== undefined;
  const fail = failAt(where);
  if (spec.derived !== undefined && spec.convolution?.on.some((part) => part !== "values"))
    fail("convolution.on", "queries and keys are derived from the values: only these can be filtered");
  if (spec.derived !== undefined && spec.rope !== "none") fail("derived", "derived queries and keys have no positions");
  if (window === undefined && state === undefined) fail("window", "a mixer needs a window, a state or both");
  if (window === undefined && spec.cap !== undefined) fail("cap", "it is of a window's scores, and there is no window");
  if (both && mix === undefined) fail("mix", "a mixer with a window and a state must say how they are mixed");
  if (!both && mix !== undefined) fail("mix", "there is only one branch: nothing to mix");
  if (both && state.read.delay(window) === undefined)
    fail("state.read", "no token ever leaves this window, or it comes back: a state outside it would hold none");
  if (local?.ahead && spec.causal) fail("local", "it reads later tokens, and this mixer is causal");
  if (state?.featureMap.place !== undefined && state.read.delay(window)?.tokens !== 0)
    fail("state.featureMap", "features that know their place enter the state at once, not when they leave the window");
  if (state?.per === "group") {
    if (state.read.delay(window)?.tokens !== 0)
      fail("state.per", "states of groups take each token at once: let it read all, or give every head its own");
    if (Object.keys(state.featureMap.parameters(smallest)).length > 0)
      fail(
        "state.featureMap",
        "its parameters differ by head, and a group's state has one key for all: choose a map without",
      );
  }
  if (!both && normalize.joins) fail("normalize", "a joint normalization needs a window and a state");
}
