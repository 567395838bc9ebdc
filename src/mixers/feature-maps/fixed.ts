/** Feature maps without learned numbers. */
import { z } from "zod";
import {
  add,
  concat,
  exp,
  greater,
  minimum,
  multiply,
  negate,
  relu,
  scalar,
  sigmoid,
  silu,
  slice,
  softmax,
  type Value,
  where,
} from "../../graph/index.ts";
import { kind } from "../axis.ts";
import { unitNorm } from "../gates/gate.ts";
import { fixed } from "./feature-map.ts";

/** The vectors as they are. */
export const identity = kind(z.strictObject({ kind: z.literal("identity") }), () => fixed((x) => x));

/** 1 + ELU(x) (arXiv 2006.16236); the exponential is taken of the negative part alone, so that it never overflows. */
export const elu = kind(z.strictObject({ kind: z.literal("elu") }), () =>
  fixed((x) => where(greater(x, 0), add(x, 1), exp(minimum(x, 0)))),
);

/** max(x, 0). */
export const rectified = kind(z.strictObject({ kind: z.literal("relu") }), () => fixed(relu));

/** x σ(x). */
export const swish = kind(z.strictObject({ kind: z.literal("silu") }), () => fixed(silu));

/** σ(x) (arXiv 2202.06258). */
export const logistic = kind(z.strictObject({ kind: z.literal("sigmoid") }), () => fixed(sigmoid));

/** Softmax over a head's dimensions (arXiv 2503.01496), or of the keys' alone (arXiv 2507.16577). */
export const normalized = kind(
  z.strictObject({ kind: z.literal("softmax"), on: z.enum(["both", "keys"]).default("both") }),
  ({ on }) => {
    const both = fixed((x) => softmax(x));
    return on === "both" ? both : { ...both, queries: (x: Value) => x };
  },
);

/** x / ‖x‖, which delta rules need to be stable; silu before it on request (arXiv 2406.06484). */
export const unit = kind(
  z.strictObject({
    kind: z.literal("unit"),
    epsilon: z.number().nonnegative().default(1e-6),
    silu: z.boolean().default(false),
  }),
  ({ epsilon, silu: activated }) => fixed((x) => unitNorm(activated ? silu(x) : x, epsilon)),
);

/** One feature that is always 1: the state is a running sum of values. */
export const one = kind(z.strictObject({ kind: z.literal("one") }), () =>
  fixed(
    (x) => scalar(1, [...x.shape.slice(0, -1), 1]),
    () => 1,
  ),
);

/** r ⊙ roll(r, j) for j = 1..ν of r = [max(x, 0), max(−x, 0)] (arXiv 2102.11174). */
export const dpfp = kind(
  z.strictObject({ kind: z.literal("dpfp"), nu: z.number().int().positive().default(3) }),
  ({ nu }) =>
    fixed(
      (x) => {
        const last = x.shape.length - 1;
        const both = concat([relu(x), relu(negate(x))], last);
        const rolled = (by: number): Value => concat([slice(both, last, -by), slice(both, last, 0, -by)], last);
        return concat(
          Array.from({ length: nu }, (_unused, index) => multiply(both, rolled(index + 1))),
          last,
        );
      },
      (dim) => 2 * dim * nu,
    ),
);
