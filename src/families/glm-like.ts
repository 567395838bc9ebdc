/** What the GLM families share: half of each head rotated, pairs side by side, a fused gate (arXiv 2406.12793). */
import { z } from "zod";
import type { Architecture } from "./architecture.ts";
import type { Block } from "./block.ts";
import { headsOf, ropeOf, size } from "./config.ts";
import type { TensorNames } from "./family.ts";
import { llamaLike, llamaShape, llamaTensors } from "./llama-like.ts";

/** Keys of a configuration, to be spread into a family's shape. */
export const glmShape = {
  ...llamaShape,
  max_position_embeddings: size.default(131_072),
  head_dim: size.default(128),
  rms_norm_eps: z.number().positive().default(1.5625e-7),
  attention_bias: z.boolean().default(true),
};

/** The architecture of a configuration, but for what is said of its blocks. */
export function glmLike(
  family: string,
  c: z.output<z.ZodObject<typeof glmShape>>,
  block: Partial<Block> = {},
): Architecture {
  const { headDim } = headsOf(c.hidden_size, c.num_attention_heads, c.num_key_value_heads, c.head_dim);
  const turning = { ...c, partial_rotary_factor: c.partial_rotary_factor ?? 0.5 };
  return llamaLike(
    family,
    c,
    { biases: { qkv: c.attention_bias, output: false, mlp: false }, ...block },
    { ropes: [ropeOf(turning, { headDim, context: c.max_position_embeddings })] },
  );
}

const gated = "mlp.gate_up_proj";

/** Tensor names of checkpoints, with some modules called otherwise. */
export const glmTensors = (modules: Parameters<typeof llamaTensors>[0] = {}): TensorNames => ({
  ...llamaTensors({ gate: gated, up: gated, ...modules }),
  rotary: "adjacent",
});
