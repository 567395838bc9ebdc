/** Softmax attention over tokens that later ones change, or that change by earlier ones. */
import { z } from "zod";
import { kind } from "../axis.ts";
import { gate, gateSchema } from "../gates/gate.ts";
import { deltaValues } from "../recurrence/delta-values.ts";
import { path as withReflections } from "../recurrence/path.ts";
import type { Recurrence } from "../recurrence/recurrence.ts";
import { features, type Gates, gated, one, same, type Write, widthsOf } from "./declared.ts";

function remembered(of: Gates, recurrence: Recurrence): Write {
  const gates = gated(of);
  return {
    ...gates,
    widths: same,
    write: (tokens, _decays, inputs, sizes) => ({
      ...tokens,
      gates: { ...tokens.gates, ...gates.read(inputs, sizes, widthsOf(tokens)) },
    }),
    recurrence: ({ per }, order) =>
      (per === "none" || per === "head") && order === "after"
        ? recurrence
        : "softmax attention fades by head, and reads the query's own token too",
  };
}

/** Scores through the reflections I − β wᵀ w of all tokens between query and key (PaTH, arXiv 2505.16381). */
export const reflections = kind(
  z.strictObject({
    kind: z.literal("reflections"),
    reflection: gateSchema.prefault({ activation: "unit" }),
    strength: gateSchema.prefault({ scale: 2 }),
    /** Whether the decays are scaled like the scores, by features^−½. */
    scaledDecay: z.boolean().default(false),
  }),
  ({ reflection, strength, scaledDecay }) =>
    remembered(
      { reflection: [gate("reflection", reflection), features], strength: [gate("strength", strength), one] },
      withReflections(scaledDecay),
    ),
);

/** Values less what attention to the tokens before already says (DeltaFormer, arXiv 2505.19488). */
export const differences = kind(
  z.strictObject({ kind: z.literal("differences"), strength: gateSchema.prefault({}) }),
  ({ strength }) => remembered({ strength: [gate("strength", strength), one] }, deltaValues),
);
