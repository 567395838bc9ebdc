/** A memory that learns with momentum: errors move a velocity, the velocity moves the state. */
import { z } from "zod";
import { multiply, type Value } from "../../graph/index.ts";
import { kind } from "../axis.ts";
import { gate, gateSchema } from "../gates/gate.ts";
import { logSigmoid } from "../gates/log-sigmoid.ts";
import { momentumDelta } from "../recurrence/momentum.ts";
import { features, gated, one, same, type Write, widthsOf } from "./declared.ts";

/** M ← μ M − η kᵀ (v − p S), S ← α S − β M. */
export const momentum = kind(
  z.strictObject({
    kind: z.literal("momentum"),
    /** How strongly an error is written, η. */
    rate: gateSchema.prefault({}),
    /** How strongly the velocity moves the state, β. */
    strength: gateSchema.prefault({}),
    /** The velocity's own decay μ: log μ where given, else the logistic function of these numbers. */
    keep: gateSchema.prefault({ activation: "none", bias: 0 }),
    /** The vector p that recalls: a gate on the key, or given as it is. */
    recall: gateSchema.prefault({ source: "learned", bias: 4 }),
    gates: z.boolean().default(true),
  }),
  ({ rate, strength, keep, recall, gates: onKey }): Write => {
    const gates = gated({
      rate: [gate("rate", rate), one],
      strength: [gate("strength", strength), one],
      keep: [gate("keep", keep), one],
      recall: [gate("recall", recall), onKey ? one : features],
    });
    return {
      ...gates,
      widths: same,
      write: (tokens, _decays, inputs, sizes) => {
        const own = gates.read(inputs, sizes, widthsOf(tokens));
        const [kept, p] = [own.keep as Value, own.recall as Value];
        return {
          ...tokens,
          gates: {
            ...tokens.gates,
            ...own,
            keep: keep.source === "given" ? kept : logSigmoid(kept),
            recall: onKey ? multiply(p, tokens.keys) : p,
          },
        };
      },
      recurrence: ({ per }, order) =>
        per === "head" && order === "after" ? momentumDelta : "momentum needs a decay per head, read after the write",
    };
  },
);
