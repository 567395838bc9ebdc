/** Seed-OSS: Llama with biases that attention's inputs and its output have or lack apart (ByteDance, 2025). */
import { z } from "zod";
import { configSchema, size } from "../config.ts";
import type { Family } from "../family.ts";
import { llamaLike, llamaShape, llamaTensors } from "../llama-like.ts";

const shape = {
  ...llamaShape,
  max_position_embeddings: size.default(524_288),
  head_dim: size.nullable().default(128),
  attention_bias: z.boolean().default(true),
  attention_out_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
};

/** The family's description. */
const family: Family = {
  name: "seed_oss",
  modelTypes: ["seed_oss"],
  config: configSchema(shape, (c) =>
    llamaLike("seed_oss", c, { biases: { qkv: c.attention_bias, output: c.attention_out_bias, mlp: c.mlp_bias } }),
  ),
  tensors: llamaTensors(),
};

export default family;
