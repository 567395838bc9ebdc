/** The decay axis: how fast the state forgets. */
import { z } from "zod";
import { axis, kind } from "./axis.ts";
import type { MixerSizes } from "./contract.ts";
import { MixerError } from "./errors.ts";
import type { Parameters } from "./parameter.ts";

/** What a kind of decay declares. */
export interface Decay {
  /** Whether one factor per token and head, or one per feature too, multiplies the state; none: it never forgets. */
  readonly gates: "none" | "head" | "feature";
  parameters(sizes: MixerSizes, features: number): Parameters;
}

const none = kind(
  z.strictObject({ kind: z.literal("none") }),
  (): Decay => ({ gates: "none", parameters: () => ({}) }),
);

/** The width of the stream that gates are projected from. Throws a MixerError where it is not known. */
export function hiddenOf({ hidden }: MixerSizes): number {
  if (hidden === undefined)
    throw new MixerError("this mixer projects gates from the hidden state: sizes.hidden is missing");
  return hidden;
}

/** log α = −exp(rate) · softplus(x W + bias), per head (Mamba-2, arXiv 2405.21060). */
const scalar = kind(
  z.strictObject({ kind: z.literal("scalar"), source: z.literal("hidden").default("hidden") }),
  (): Decay => ({
    gates: "head",
    parameters: (sizes) => ({
      "decay.weight": { shape: [hiddenOf(sizes), sizes.heads], initial: { kind: "normal", deviation: 0.02 } },
      "decay.bias": { shape: [sizes.heads], initial: { kind: "constant", value: 0 } },
      "decay.rate": { shape: [sizes.heads], initial: { kind: "constant", value: 0 } },
    }),
  }),
);

/** log α = logsigmoid(x W₁ W₂ + bias) / divisor, per feature (GLA, arXiv 2312.06635). */
const channel = kind(
  z.strictObject({
    kind: z.literal("channel"),
    source: z.literal("hidden").default("hidden"),
    rank: z.number().int().positive().default(16),
    divisor: z.number().positive().default(16),
  }),
  ({ rank }): Decay => ({
    gates: "feature",
    parameters: (sizes, features) => ({
      "decay.down": { shape: [hiddenOf(sizes), rank], initial: { kind: "normal", deviation: 0.02 } },
      "decay.up": { shape: [rank, sizes.heads * features], initial: { kind: "normal", deviation: 0.02 } },
      "decay.bias": { shape: [sizes.heads * features], initial: { kind: "constant", value: 0 } },
    }),
  }),
);

/** All decays. */
export const decays = axis({ none, scalar, channel });
