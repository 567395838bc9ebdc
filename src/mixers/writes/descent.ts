/** Memories that learn at test time: every token is a step of gradient descent on how its key recalls its value. */
import { z } from "zod";
import { multiply, type Value } from "../../graph/index.ts";
import { kind } from "../axis.ts";
import { MixerError } from "../errors.ts";
import { gate, gateSchema } from "../gates/gate.ts";
import { logSigmoid } from "../gates/log-sigmoid.ts";
import { descent as descended } from "../recurrence/descent.ts";
import { descentWithMomentum } from "../recurrence/descent-momentum.ts";
import { inMiniBatches } from "../recurrence/mini-batches.ts";
import { windowedDescent } from "../recurrence/windowed-descent.ts";
import { columns, gated, one, same, type Write, type Written, widthsOf } from "./declared.ts";

const options = {
  /** Tokens whose gradients are taken at one memory: a part of the model. */
  size: z.number().int().positive().default(16),
  /** The step size. */
  rate: gateSchema.prefault({ bias: -2 }),
  /** The scale and the shift of the loss's norm, which the output has too. */
  lossScale: gateSchema.prefault({ source: "learned", activation: "none", bias: 1 }),
  lossShift: gateSchema.prefault({ source: "learned", activation: "none", bias: 0 }),
};

/** The memory recalls v − k: keys are as wide as values. */
function requireSquare(tokens: Written): void {
  const { features, values } = widthsOf(tokens);
  if (features !== values)
    throw new MixerError(`a memory that learns v − k needs as many features as values, not ${features} and ${values}`);
}

/** W ← W − η ∇ in mini-batches (TTT, arXiv 2407.04620). */
export const descent = kind(
  z.strictObject({ kind: z.literal("descent"), ...options }),
  ({ size, rate, lossScale, lossShift }): Write => {
    const gates = gated({
      rate: [gate("rate", rate), one],
      lossScale: [gate("lossScale", lossScale), columns],
      lossShift: [gate("lossShift", lossShift), columns],
    });
    return {
      ...gates,
      widths: same,
      write: (tokens, _decays, inputs, sizes) => {
        requireSquare(tokens);
        return { ...tokens, gates: { ...tokens.gates, ...gates.read(inputs, sizes, widthsOf(tokens)) } };
      },
      recurrence: ({ per }, order) =>
        per === "none" && order === "after"
          ? inMiniBatches(descended(size))
          : "descent has no decay, and is read after the write",
    };
  },
);

/** V ← η V − 2 θ ∇, W ← α W + V in chunks (Titans, arXiv 2501.00663). */
export const descentMomentum = kind(
  z.strictObject({
    kind: z.literal("descent-momentum"),
    ...options,
    /** The velocity's own decay η: log η where given, else the logistic function of these numbers. */
    keep: gateSchema.prefault({ activation: "none", bias: 0 }),
    /** The loss's gradient: exact, or as Titans' reference implementation has it. */
    gradient: z.enum(["exact", "published"]).default("exact"),
  }),
  ({ size, rate, lossScale, lossShift, keep, gradient }): Write => {
    const gates = gated({
      rate: [gate("rate", rate), one],
      keep: [gate("keep", keep), one],
      lossScale: [gate("lossScale", lossScale), columns],
      lossShift: [gate("lossShift", lossShift), columns],
    });
    return {
      ...gates,
      widths: same,
      write: (tokens, _decays, inputs, sizes) => {
        requireSquare(tokens);
        const own = gates.read(inputs, sizes, widthsOf(tokens));
        const kept = keep.source === "given" ? own.keep : logSigmoid(own.keep as Value);
        // The loss is ‖·‖² without a half.
        const doubled = { ...own, rate: multiply(own.rate as Value, 2), keep: kept as Value };
        return { ...tokens, gates: { ...tokens.gates, ...doubled } };
      },
      recurrence: ({ per }, order) =>
        per === "head" && order === "after"
          ? inMiniBatches(descentWithMomentum(size, gradient === "published"))
          : "descent with momentum needs a decay per head, read after the write",
    };
  },
);

/** V ← θ V + Σ γ ∇ over a window, W ← α W − η N(V) in chunks (ATLAS, arXiv 2505.23735). */
export const omega = kind(
  z.strictObject({
    kind: z.literal("omega"),
    size: options.size,
    /** Tokens that each step learns from, the newest included. */
    window: z.number().int().min(2).default(4),
    /** Newton–Schulz iterations that bring the velocity near an orthogonal matrix; 0 for the velocity as it is. */
    iterations: z.number().int().nonnegative().default(5),
    rate: gateSchema.prefault({ bias: -4 }),
    /** The velocity's own decay θ: log θ where given, else the logistic function of these numbers. */
    keep: gateSchema.prefault({ activation: "none", bias: 0 }),
    /** What a token weighs in its windows, γ. */
    weight: gateSchema.prefault({}),
  }),
  ({ size, window, iterations, rate, keep, weight }): Write => {
    const gates = gated({
      rate: [gate("rate", rate), one],
      keep: [gate("keep", keep), one],
      weight: [gate("weight", weight), one],
    });
    return {
      ...gates,
      widths: same,
      write: (tokens, _decays, inputs, sizes) => {
        const own = gates.read(inputs, sizes, widthsOf(tokens));
        const kept = keep.source === "given" ? own.keep : logSigmoid(own.keep as Value);
        return { ...tokens, gates: { ...tokens.gates, ...own, keep: kept as Value } };
      },
      recurrence: ({ per }, order) =>
        per === "head" && order === "after"
          ? inMiniBatches(windowedDescent({ size, window, iterations }))
          : "a window's descent needs a decay per head, read after the write",
    };
  },
);
