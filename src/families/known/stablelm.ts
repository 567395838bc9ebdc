/** StableLM: Llama with LayerNorm and partial rotary positions (arXiv 2402.17834). */
import { z } from "zod";
import { configSchema, headsOf, ropeOf } from "../config.ts";
import type { Family } from "../family.ts";
import { ggufSizes, ggufTensors, hasAttentionBias } from "../gguf.ts";
import { llamaLike, llamaShape, llamaTensors } from "../llama-like.ts";

const { rms_norm_eps: _rms, ...shared } = llamaShape;

const shape = {
  ...shared,
  layer_norm_eps: z.number().positive().default(1e-5),
  use_qkv_bias: z.boolean().default(false),
  use_parallel_residual: z.boolean().default(false),
  // Norms with a weight for each head, in one published model.
  qk_layernorm: z.literal(false).optional(),
};

/** The family's description. */
const family: Family = {
  name: "stablelm",
  modelTypes: ["stablelm"],
  config: configSchema(shape, (c) => {
    const { headDim } = headsOf(c.hidden_size, c.num_attention_heads, c.num_key_value_heads, c.head_dim);
    const norm = { kind: "layer", epsilon: c.layer_norm_eps, offset: 0, bias: true } as const;
    const turning = { ...c, partial_rotary_factor: c.partial_rotary_factor ?? 0.25 };
    return llamaLike(
      "stablelm",
      { ...c, rms_norm_eps: c.layer_norm_eps },
      {
        norm,
        residual: c.use_parallel_residual ? "shared" : "sequential",
        biases: { qkv: c.use_qkv_bias, output: false, mlp: false },
      },
      { norm, ropes: [ropeOf(turning, { headDim, context: c.max_position_embeddings })] },
    );
  }),
  tensors: llamaTensors(),
  gguf: {
    architecture: "stablelm",
    config: {
      ...ggufSizes,
      ...{ head_dim: "attention.key_length", layer_norm_eps: "attention.layer_norm_epsilon" },
      use_parallel_residual: "use_parallel_residual",
    },
    // The key is true in files of sequential models as well; a norm of the MLP's own tells them.
    implied: (has) => ({
      use_qkv_bias: hasAttentionBias(has),
      use_parallel_residual: !has("blk.0.ffn_norm.weight"),
    }),
    tensors: ggufTensors(),
  },
};

export default family;
