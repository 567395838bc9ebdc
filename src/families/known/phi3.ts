/** Phi 3 and 4: Llama with fused projections, and two lists of rotary factors for long contexts (arXiv 2404.14219). */
import { z } from "zod";
import { attention } from "../attention.ts";
import { configSchema, headsOf, ropeOf, size } from "../config.ts";
import type { Family } from "../family.ts";
import { ggufConfig, ggufTensors } from "../gguf.ts";
import { llamaLike, llamaShape, llamaTensors } from "../llama-like.ts";

const shape = {
  ...llamaShape,
  rms_norm_eps: z.number().positive().default(1e-5),
  original_max_position_embeddings: size.nullish(),
  sliding_window: size.nullish(),
  attention_bias: z.literal(false).optional(),
};

const [qkv, gated] = ["self_attn.qkv_proj", "mlp.gate_up_proj"];

/** The family's description. */
const family: Family = {
  name: "phi3",
  modelTypes: ["phi3"],
  config: configSchema(shape, (c) => {
    const { headDim } = headsOf(c.hidden_size, c.num_attention_heads, c.num_key_value_heads, c.head_dim);
    const original = c.original_max_position_embeddings ?? undefined;
    return llamaLike(
      "phi3",
      c,
      { mixer: attention({ window: c.sliding_window }) },
      { ropes: [ropeOf(c, { headDim, context: c.max_position_embeddings, original })] },
    );
  }),
  tensors: llamaTensors({ queries: qkv, keys: qkv, values: qkv, gate: gated, up: gated }),
  gguf: {
    architecture: "phi3",
    config: { ...ggufConfig, sliding_window: "attention.sliding_window" },
    tensors: ggufTensors({ gate: "ffn_up" }),
  },
};

export default family;
