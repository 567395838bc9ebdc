/** Qwen 3: Llama with a norm on each head's queries and keys (arXiv 2505.09388). */
import { z } from "zod";
import { configSchema } from "./config.ts";
import type { Family } from "./family.ts";
import { ggufConfig, ggufTensors, llamaLike, llamaShape, llamaTensors } from "./llama-like.ts";
import { unusedWindow } from "./qwen2.ts";

/** The family's description. */
export const qwen3: Family = {
  name: "qwen3",
  modelTypes: ["qwen3"],
  config: configSchema({ ...llamaShape, ...unusedWindow, attention_bias: z.boolean().default(false) }, (c) =>
    llamaLike(
      "qwen3",
      { ...c, head_dim: c.head_dim ?? 128 },
      { headNorms: "head", biases: { qkv: c.attention_bias, output: c.attention_bias, mlp: false } },
    ),
  ),
  tensors: {
    ...llamaTensors,
    layer: {
      ...llamaTensors.layer,
      queriesNorm: "model.layers.{layer}.self_attn.q_norm.weight",
      keysNorm: "model.layers.{layer}.self_attn.k_norm.weight",
    },
  },
  gguf: {
    architecture: "qwen3",
    config: ggufConfig,
    biasKey: "attention_bias",
    tensors: {
      ...ggufTensors,
      layer: {
        ...ggufTensors.layer,
        queriesNorm: "blk.{layer}.attn_q_norm.weight",
        keysNorm: "blk.{layer}.attn_k_norm.weight",
      },
    },
  },
};
