/** Decays with learned exponents. */
import { z } from "zod";
import { multiply, negate, reshape, sigmoid, softplus } from "../../../graph/index.ts";
import { kind } from "../../axis.ts";
import { learned } from "../../parameter.ts";
import { projectionOptions } from "../projection.ts";
import { projected } from "./projected.ts";

/** log α = −c σ(x) softplus(Λ) of learned Λ per value (RG-LRU, arXiv 2402.19427). */
export const powered = kind(
  z.strictObject({
    kind: z.literal("powered"),
    ...projectionOptions,
    power: z.number().positive().default(8),
    bias: z.number().default(0),
  }),
  ({ source, rank, power, bias }) =>
    projected(
      "value",
      { source, rank },
      { bias },
      // α of a gate half open begins as e^(−8 · ½ · softplus(−4)), about 0.93.
      ({ heads }, of) => ({ "decay.rate": { shape: [heads, of.values], initial: { kind: "constant", value: -4 } } }),
      (x, parameters) => {
        const rates = softplus(reshape(learned(parameters, "decay.rate"), [1, x.shape[1] ?? 1, 1, -1]));
        return { decay: multiply(negate(multiply(sigmoid(x), rates)), power) };
      },
    ),
);
