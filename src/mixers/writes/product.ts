/** Several steps of the delta rule per token, of which each brings its own key, value and strength. */
import { z } from "zod";
import { concat, slice, type Value } from "../../graph/index.ts";
import { kind } from "../axis.ts";
import { gate, gateSchema, unitNorm } from "../gates/gate.ts";
import { delta } from "../recurrence/delta.ts";
import { stepsPerToken } from "../recurrence/steps.ts";
import { columns, features, gated, one, perRow, same, type Widths, type Write, widthsOf } from "./declared.ts";

/** S ← S + β_j k_jᵀ (v_j − k_j S) for j = 1..n after one decay (arXiv 2502.10297); the first key and value are the layer's. */
export const product = kind(
  z.strictObject({
    kind: z.literal("product"),
    /** Steps per token, n. */
    steps: z.number().int().min(2).default(2),
    strength: gateSchema.prefault({}),
    /** The keys of the steps after the first. */
    keys: gateSchema.prefault({ activation: "none" }),
    /** Whether these keys are brought to length 1, each on its own. */
    unit: z.boolean().default(true),
    values: gateSchema.prefault({ activation: "none" }),
    /** Their strengths: small at first, so that a converted layer begins as the delta rule. */
    strengths: gateSchema.prefault({ bias: -4 }),
  }),
  ({ steps, strength, keys, unit, values, strengths }): Write => {
    const others =
      (width: Widths): Widths =>
      (widths) =>
        (steps - 1) * width(widths);
    const gates = gated({
      strength: [gate("strength", strength), one],
      moreKeys: [gate("moreKeys", keys), others(features)],
      moreValues: [gate("moreValues", values), others(columns)],
      moreStrengths: [gate("moreStrengths", strengths), others(one)],
    });
    return {
      ...gates,
      widths: same,
      write: (tokens, _decays, inputs, sizes) => {
        const widths = widthsOf(tokens);
        const own = gates.read(inputs, sizes, widths);
        const moreKeys = unit ? eachUnit(own.moreKeys as Value, widths.features) : (own.moreKeys as Value);
        return { ...tokens, gates: { ...tokens.gates, ...own, moreKeys } };
      },
      recurrence: ({ per }, order) => {
        const rows = perRow(per);
        if (rows === undefined || order === "before") return "the delta rule decays rows, and is read after its write";
        return stepsPerToken(delta({ per: rows, erases: "decayed", removal: false, erase: false }), steps);
      },
    };
  },
);

/** Keys side by side, each of `width` numbers, brought to length 1. */
function eachUnit(keys: Value, width: number): Value {
  const count = (keys.shape[3] ?? width) / width;
  const each = Array.from({ length: count }, (_unused, index) =>
    unitNorm(slice(keys, 3, index * width, (index + 1) * width)),
  );
  return concat(each, 3);
}
