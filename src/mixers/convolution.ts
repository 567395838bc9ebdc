/** The convolution axis: short causal filters on the projections, before anything else. */
import { z } from "zod";
import { axis, kind } from "./axis.ts";
import type { MixerSizes } from "./contract.ts";
import type { Stage } from "./stage.ts";

const width = ({ heads, groups, dim }: MixerSizes) => (heads + 2 * groups) * dim;

/** One filter of `size` taps per channel of queries, keys and values. */
const depthwise = kind(
  z.strictObject({
    kind: z.literal("depthwise"),
    size: z.number().int().min(2).default(4),
    activation: z.enum(["none", "silu"]).default("silu"),
  }),
  ({ size }): Stage => ({
    parameters: (sizes) => ({
      "convolution.weight": { shape: [width(sizes), size], initial: { kind: "lastColumn" } },
    }),
    state: (sizes) => ({ convolution: { dtype: "float32", shape: [sizes.batch, width(sizes), size - 1] } }),
    unavailable: "the depthwise convolution is not built yet",
  }),
);

/** All convolutions. */
export const convolutions = axis({ depthwise });
