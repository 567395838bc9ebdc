/** The write axis: how a token changes the state. */
import { z } from "zod";
import { multiply, negate, sqrt, subtract, type Value, where } from "../graph/index.ts";
import { axis, kind } from "./axis.ts";
import { complement } from "./gates/complement.ts";
import type { Decays } from "./gates/decay.ts";
import { gate, gateSchema } from "./gates/gate.ts";
import { additive } from "./recurrence/additive.ts";
import { decayed } from "./recurrence/decayed.ts";
import { delta } from "./recurrence/delta.ts";
import { elementwise } from "./recurrence/elementwise.ts";
import { slotted } from "./recurrence/slots.ts";
import {
  columns,
  features,
  gated,
  isFirst,
  one,
  perRow,
  same,
  scaledBy,
  type Write,
  widthsOf,
} from "./writes/declared.ts";
import { descent, descentMomentum, omega } from "./writes/descent.ts";
import { exponents } from "./writes/exponents.ts";
import { blocks, covariance, distance, linear, mask } from "./writes/kept.ts";
import { legendre } from "./writes/legendre.ts";
import { levels } from "./writes/levels.ts";
import { momentum } from "./writes/momentum.ts";
import { product } from "./writes/product.ts";
import { regression } from "./writes/regression.ts";
import { differences, reflections } from "./writes/softmax-memory.ts";
import { sparse } from "./writes/sparse.ts";
import { flow, magnitude, subtractive } from "./writes/summed.ts";

export type { Write } from "./writes/declared.ts";

/** How written values are scaled: by the decay's step size (Mamba), 1 − α (HGRN) or √(1 − α²) (RG-LRU, arXiv 2402.19427). */
const valueScales: Readonly<Record<string, (values: Value, decays: Decays) => Value>> = {
  own: (values) => values,
  step: (values, { step }) => (step === undefined ? values : scaledBy(values, step)),
  complement: (values, { decay }) => scaledBy(values, complement(decay)),
  variance: (values, { decay }) => scaledBy(values, sqrt(complement(multiply(decay, 2)))),
};

/** S ← α S + kᵀ v. */
const add = kind(
  z.strictObject({
    kind: z.literal("add"),
    /** `complement`: keys are 1 − α, not the layer's (HGRN2, arXiv 2404.07904). */
    keys: z.enum(["own", "complement"]).default("own"),
    values: z.enum(["own", "step", "complement", "variance"]).default("own"),
    /** Whether a sequence's first token is written whole, not scaled so. */
    wholeFirst: z.boolean().default(false),
    /** A gate on the values. */
    input: gateSchema.optional(),
  }),
  ({ keys: keysOf, values: valuesOf, wholeFirst, input }): Write => {
    const gates = gated(input ? { input: [gate("input", input), columns] } : {});
    return {
      ...gates,
      widths: same,
      write: (tokens, decays, inputs, sizes) => {
        const { input: factor } = gates.read(inputs, sizes, widthsOf(tokens));
        const values = factor === undefined ? tokens.values : scaledBy(tokens.values, factor);
        if (decays === undefined) return { ...tokens, values };
        const keys = keysOf === "complement" ? complement(decays.decay) : tokens.keys;
        const scaled = valueScales[valuesOf]?.(values, decays) ?? values;
        return { ...tokens, keys, values: wholeFirst ? where(isFirst(inputs, sizes), values, scaled) : scaled };
      },
      recurrence: ({ per }, order) => {
        const late = order === "before" ? "it is read after the token's own write" : undefined;
        if (per === "none") return late ?? additive;
        if (per === "value" || per === "cell") return late ?? elementwise;
        return decayed({ per, order });
      },
    };
  },
);

/** S ← S' + β kᵀ (v − k S'), S' = α S (arXiv 2406.06484, 2412.06464). */
const deltaRule = kind(
  z.strictObject({ kind: z.literal("delta"), strength: gateSchema.prefault({}) }),
  ({ strength }): Write => {
    const gates = gated({ strength: [gate("strength", strength), one] });
    return {
      ...gates,
      widths: same,
      write: (tokens, _decays, inputs, sizes) => ({
        ...tokens,
        gates: { ...tokens.gates, ...gates.read(inputs, sizes, widthsOf(tokens)) },
      }),
      recurrence: ({ per }, order) => {
        const rows = perRow(per);
        if (rows === undefined || order === "before") return "the delta rule decays rows, and is read after its write";
        return delta({ per: rows, erases: "decayed", removal: false, erase: false });
      },
    };
  },
);

/** S ← S' + kᵀ (u − p S̃): what is erased is read by an own vector p. */
const separate = kind(
  z.strictObject({
    kind: z.literal("erase"),
    /** Multiplies the written value, one number per token or one per value. */
    strength: gateSchema.prefault({}),
    strengthPer: z.enum(["head", "value"]).default("head"),
    /** The vector p: an own one, or a gate on the key; times the strength where that is one number (Comba). */
    erase: gateSchema.prefault({}),
    gates: z.boolean().default(false),
    erasePer: z.enum(["head", "feature"]).default("feature"),
    /** Whether p reads the state with its decay or as it was. */
    reads: z.enum(["decayed", "undecayed"]).default("decayed"),
    /** Queries read by q − D p, with this gate D (Comba, arXiv 2506.02475). */
    correction: gateSchema.optional(),
  }),
  ({ strength, strengthPer, erase, erasePer, gates: onKey, reads, correction }): Write => {
    const gates = gated({
      strength: [gate("strength", strength), strengthPer === "head" ? one : columns],
      erase: [gate("erase", erase), erasePer === "head" ? one : features],
      ...(correction && { correction: [gate("correction", correction), one] as const }),
    });
    return {
      ...gates,
      widths: same,
      write: ({ queries, keys, values, gates: known }, _decays, inputs, sizes) => {
        const own = gates.read(inputs, sizes, widthsOf({ keys, values }));
        const [beta, p] = [own.strength as Value, own.erase as Value];
        const direction = onKey ? multiply(p, keys) : p;
        return {
          queries: own.correction ? subtract(queries, multiply(own.correction, direction)) : queries,
          keys,
          values: scaledBy(values, beta),
          gates: { ...known, erase: strengthPer === "head" ? multiply(direction, beta) : direction },
        };
      },
      recurrence: ({ per }, order) => {
        const rows = perRow(per);
        if (rows === undefined || order === "before") return "the delta rule decays rows, and is read after its write";
        return delta({ per: rows, erases: reads, removal: false, erase: true });
      },
    };
  },
);

/** S ← α S + bᵀ (a S) + kᵀ v (RWKV-7, arXiv 2503.14456): a and b are given, or −κ̂ and κ̂ ⊙ σ. */
const general = kind(
  z.strictObject({
    kind: z.literal("general"),
    /** The direction κ: unit keys, or given. */
    direction: gateSchema.prefault({ source: "keys", activation: "unit" }),
    /** How strongly the direction is removed: κ ⊙ a. */
    rate: gateSchema.prefault({}),
    /** Whether the rate is the whole removal key b, not a factor of the direction. */
    whole: z.boolean().default(false),
  }),
  ({ direction, rate, whole }): Write => {
    const gates = gated({ direction: [gate("direction", direction), features], rate: [gate("rate", rate), features] });
    return {
      ...gates,
      widths: same,
      write: (tokens, _decays, inputs, sizes) => {
        const own = gates.read(inputs, sizes, widthsOf(tokens));
        const [kappa, a] = [own.direction as Value, own.rate as Value];
        // a reads −κ S and adds b of it: the same as κ S, removed by b.
        const removal = whole ? negate(a) : multiply(kappa, a);
        return { ...tokens, gates: { ...tokens.gates, erase: kappa, removal } };
      },
      recurrence: ({ per }, order) => {
        const rows = perRow(per);
        if (rows === undefined || order === "before") return "the delta rule decays rows, and is read after its write";
        return delta({ per: rows, erases: "undecayed", removal: true, erase: true });
      },
    };
  },
);

/** Slots that are each written with what their decay leaves (arXiv 2409.07146). */
const slots = kind(
  z.strictObject({
    kind: z.literal("slots"),
    /** Slots of a head (default: as many as features). */
    count: z.number().int().positive().optional(),
    /** What a slot takes of a token: 1 − α, or given. */
    strength: z.enum(["complement", "given"]).default("complement"),
  }),
  ({ count, strength }): Write => {
    const slotsOf = (width: number) => count ?? width;
    const given = gated(
      strength === "given"
        ? { slots: [gate("slots", gateSchema.parse({ source: "given" })), (widths) => slotsOf(widths.features)] }
        : {},
    );
    return {
      ...given,
      widths: ({ features: width, values }) => ({ features: slotsOf(width), values }),
      write: (tokens, decays, inputs, sizes) => ({
        ...tokens,
        gates: {
          ...tokens.gates,
          ...(decays && { slots: complement(decays.decay) }),
          ...given.read(inputs, sizes, widthsOf(tokens)),
        },
      }),
      recurrence: ({ per }, order) =>
        per === "feature" && order === "after"
          ? slotted(slotsOf)
          : "slots need a decay per feature, read after the write",
    };
  },
);

/** How tokens are written into partitions. */
const bases = axis({ add, delta: deltaRule });

/** All writes. */
export const writes = axis({
  add,
  delta: deltaRule,
  erase: separate,
  general,
  descent,
  "descent-momentum": descentMomentum,
  omega,
  differences,
  exponents,
  levels,
  momentum,
  product,
  reflections,
  regression,
  slots,
  flow,
  magnitude,
  injective: subtractive,
  sparse: sparse(bases),
  "local-linear": linear,
  covariance,
  distance,
  "estimated-mask": mask,
  "block-summaries": blocks,
  legendre,
});
