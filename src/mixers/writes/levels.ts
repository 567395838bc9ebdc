/** States of several levels, one for every power of two tokens back. */
import { z } from "zod";
import { kind } from "../axis.ts";
import { gate, gateSchema } from "../gates/gate.ts";
import { leveled } from "../recurrence/levels.ts";
import { gated, same, type Write, widthsOf } from "./declared.ts";

/** S ← α S + kᵀ v of each level, read with a weight per level (log-linear attention, arXiv 2506.04761). */
export const levels = kind(
  z.strictObject({
    kind: z.literal("levels"),
    /** How many: n levels tell 2^(n − 1) tokens apart, and the last holds all that is older. */
    count: z.number().int().min(2).max(40).default(15),
    /** The weights of the levels. */
    weights: gateSchema.prefault({ activation: "softplus", bias: Math.log(Math.E - 1) }),
  }),
  ({ count, weights }): Write => {
    const gates = gated({ levels: [gate("levels", weights), () => count] });
    return {
      ...gates,
      widths: same,
      write: (tokens, _decays, inputs, sizes) => ({
        ...tokens,
        gates: { ...tokens.gates, ...gates.read(inputs, sizes, widthsOf(tokens)) },
      }),
      recurrence: ({ per }, order) =>
        per === "head" && order === "after" ? leveled(count) : "levels need a decay per head, read after the write",
    };
  },
);
