/** Helium: Llama with rotary pairs side by side (Kyutai, 2025). */
import { z } from "zod";
import { configSchema, size } from "../config.ts";
import type { Family } from "../family.ts";
import { llamaLike, llamaShape, llamaTensors } from "../llama-like.ts";

const shape = {
  ...llamaShape,
  max_position_embeddings: size.default(4096),
  head_dim: size.default(128),
  rms_norm_eps: z.number().positive().default(1e-8),
  rope_theta: z.number().positive().nullable().default(1e5),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
};

/** The family's description. */
const family: Family = {
  name: "helium",
  modelTypes: ["helium"],
  config: configSchema(shape, (c) =>
    llamaLike("helium", c, { biases: { qkv: c.attention_bias, output: false, mlp: c.mlp_bias } }),
  ),
  tensors: { ...llamaTensors(), rotary: "adjacent" },
};

export default family;
