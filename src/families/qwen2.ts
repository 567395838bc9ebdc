/** Qwen 2 and 2.5: Llama with biases on queries, keys and values (arXiv 2407.10671, 2412.15115). */
import { z } from "zod";
import { configSchema } from "./config.ts";
import type { Family } from "./family.ts";
import { ggufConfig, ggufTensors, llamaLike, llamaShape, llamaTensors } from "./llama-like.ts";

/** Sliding windows are a choice of these families that no published checkpoint makes. */
export const unusedWindow = {
  use_sliding_window: z.literal(false).default(false),
  sliding_window: z.number().nullish(),
  max_window_layers: z.number().nullish(),
  layer_types: z.array(z.literal("full_attention")).nullish(),
};

/** The family's description. */
export const qwen2: Family = {
  name: "qwen2",
  modelTypes: ["qwen2"],
  config: configSchema({ ...llamaShape, ...unusedWindow }, (c) =>
    llamaLike("qwen2", c, { biases: { qkv: true, output: false, mlp: false } }),
  ),
  tensors: llamaTensors,
  gguf: { architecture: "qwen2", config: ggufConfig, tensors: ggufTensors },
};
