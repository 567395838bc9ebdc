/** The write axis: how a token changes the state. */
import { z } from "zod";
import { axis, kind } from "./axis.ts";
import type { MixerSizes } from "./contract.ts";
import { type Decay, hiddenOf } from "./decay.ts";
import type { Parameters } from "./parameter.ts";
import { additive } from "./recurrence/additive.ts";
import type { Recurrence } from "./recurrence/recurrence.ts";

/** What a kind of write declares. */
export interface Write {
  parameters(sizes: MixerSizes): Parameters;
  /** The recurrence under the given decay, or the reason why there is none. */
  recurrence(decay: Decay): Recurrence | string;
}

/** S ← α S + kᵀ v. */
const add = kind(
  z.strictObject({ kind: z.literal("add") }),
  (): Write => ({
    parameters: () => ({}),
    recurrence: ({ gates }) =>
      gates === "none" ? additive : `an additive state with a decay per ${gates} is not built yet`,
  }),
);

/** S ← α S + β kᵀ (v − k α S), β = σ(x W) (arXiv 2406.06484, 2412.06464). */
const delta = kind(
  z.strictObject({ kind: z.literal("delta"), source: z.literal("hidden").default("hidden") }),
  (): Write => ({
    parameters: (sizes) => ({
      "write.weight": { shape: [hiddenOf(sizes), sizes.heads], initial: { kind: "normal", deviation: 0.02 } },
    }),
    recurrence: () => "the delta rule is not built yet",
  }),
);

/** All writes. */
export const writes = axis({ add, delta });
