/** The mix axis: the weights of the window and of the state. */
import { z } from "zod";
import { type Operand, reshape, sigmoid, subtract } from "../graph/index.ts";
import { axis, kind } from "./axis.ts";
import type { MixerInputs, MixerSizes } from "./contract.ts";
import { learned, type Parameters } from "./parameter.ts";

/** The weights of the two branches; values broadcast against `[batch, heads, length, dim]`. */
export interface Weights {
  readonly window: Operand;
  readonly linear: Operand;
}

/** What a kind of mix declares. */
export interface Mix {
  parameters(sizes: MixerSizes): Parameters;
  weights(parameters: MixerInputs["parameters"]): Weights;
}

const sum = kind(
  z.strictObject({ kind: z.literal("sum"), window: z.number().default(0.5), linear: z.number().default(0.5) }),
  ({ window, linear }): Mix => ({ parameters: () => ({}), weights: () => ({ window, linear }) }),
);

const gamma = kind(
  z.strictObject({
    kind: z.literal("gamma"),
    /** γ = σ(window factor) at the beginning. */
    initial: z.number().gt(0).lt(1).default(0.1),
    /** Weigh the state by 1 − γ instead of 1. */
    affine: z.boolean().default(false),
  }),
  ({ initial, affine }): Mix => ({
    parameters: ({ heads }) => ({
      windowFactor: { shape: [heads], initial: { kind: "constant", value: Math.log(initial / (1 - initial)) } },
    }),
    weights: (parameters) => {
      const factor = learned(parameters, "windowFactor");
      const window = reshape(sigmoid(factor), [1, factor.shape[0] ?? 1, 1, 1]);
      return { window, linear: affine ? subtract(1, window) : 1 };
    },
  }),
);

/** The state at full weight, the window at a learned weight of each head (Lizard, arXiv 2507.09025). */
const alpha = kind(
  z.strictObject({ kind: z.literal("alpha"), initial: z.number().default(1) }),
  ({ initial }): Mix => ({
    parameters: ({ heads }) => ({ windowWeight: { shape: [heads], initial: { kind: "constant", value: initial } } }),
    weights: (parameters) => {
      const weight = learned(parameters, "windowWeight");
      return { window: reshape(weight, [1, weight.shape[0] ?? 1, 1, 1]), linear: 1 };
    },
  }),
);

/** The window at full weight, the state at a learned weight of each head: what is near stays as it was. */
const added = kind(
  z.strictObject({ kind: z.literal("added"), initial: z.number().default(0.1) }),
  ({ initial }): Mix => ({
    parameters: ({ heads }) => ({ stateWeight: { shape: [heads], initial: { kind: "constant", value: initial } } }),
    weights: (parameters) => {
      const weight = learned(parameters, "stateWeight");
      return { window: 1, linear: reshape(weight, [1, weight.shape[0] ?? 1, 1, 1]) };
    },
  }),
);

/** All mixes: constant weights (`sum`), or a learned weight per head for the window (`gamma`, `alpha`) or the state (`added`). */
export const mixes = axis({ sum, gamma, alpha, added });
