/** The output axes: a norm of the heads' outputs, and a gate on them. */
import { z } from "zod";
import { axis, kind } from "./axis.ts";
import { hiddenOf } from "./decay.ts";
import type { Stage } from "./stage.ts";

/** Root-mean-square norm of each head's output. */
const rms = kind(
  z.strictObject({ kind: z.literal("rms"), epsilon: z.number().positive().default(1e-5) }),
  (): Stage => ({
    parameters: ({ dim }) => ({ "outputNorm.scale": { shape: [dim], initial: { kind: "constant", value: 1 } } }),
    state: () => ({}),
    unavailable: "the output norm is not built yet",
  }),
);

/** All output norms. */
export const outputNorms = axis({ rms });

/** Multiplies the output by an activation of a projection of the stream. */
const projected = kind(
  z.strictObject({ kind: z.literal("projected"), activation: z.enum(["silu", "sigmoid"]).default("silu") }),
  (): Stage => ({
    parameters: (sizes) => ({
      "outputGate.weight": {
        shape: [hiddenOf(sizes), sizes.heads * sizes.dim],
        initial: { kind: "normal", deviation: 0.02 },
      },
    }),
    state: () => ({}),
    unavailable: "the output gate is not built yet",
  }),
);

/** All output gates. */
export const outputGates = axis({ projected });
