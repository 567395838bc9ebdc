/** A memory that is read by the ridge regression of its values on its keys. */
import { z } from "zod";
import { kind } from "../axis.ts";
import { gate, gateSchema } from "../gates/gate.ts";
import { regression as regressed } from "../recurrence/regression.ts";
import { features, gated, one, same, type Write, widthsOf } from "./declared.ts";

/** P ← α P + β kᵀ k, S ← α S + β kᵀ v, read by q (P + diag λ)⁻¹ S (MesaNet, arXiv 2506.05233). */
export const regression = kind(
  z.strictObject({
    kind: z.literal("regression"),
    strength: gateSchema.prefault({}),
    /** The ridge λ without its floor: softplus of learned numbers, so that λ begins as 1. */
    ridge: gateSchema.prefault({ source: "learned", activation: "softplus", bias: Math.log(Math.exp(0.75) - 1) }),
    floor: z.number().nonnegative().default(0.25),
    /** Iterations of conjugate gradients (default: enough to be exact). */
    iterations: z.number().int().positive().optional(),
  }),
  ({ strength, ridge, floor, iterations }): Write => {
    const gates = gated({ strength: [gate("strength", strength), one], ridge: [gate("ridge", ridge), features] });
    return {
      ...gates,
      widths: same,
      write: (tokens, _decays, inputs, sizes) => ({
        ...tokens,
        gates: { ...tokens.gates, ...gates.read(inputs, sizes, widthsOf(tokens)) },
      }),
      recurrence: ({ per }, order) =>
        per === "head" && order === "after"
          ? regressed({ floor, iterations })
          : "a regression needs a decay per head, read after the write",
    };
  },
);
