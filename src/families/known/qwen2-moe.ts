/** Qwen 1.5 and 2 with mixtures of experts, and one for every token behind a switch (arXiv 2407.10671). */
import { z } from "zod";
import { attention } from "../attention.ts";
import { configSchema } from "../config.ts";
import { expertsMlp, expertsShape, expertsTensors } from "../experts.ts";
import type { Family } from "../family.ts";
import { llamaLike, llamaShape } from "../llama-like.ts";
import { windowShape } from "../windows.ts";

const shape = {
  ...llamaShape,
  ...expertsShape,
  ...windowShape,
  // Zero for none.
  sliding_window: z.number().int().nonnegative().nullish(),
  qkv_bias: z.boolean().default(true),
};

/** The family's description. */
const family: Family = {
  name: "qwen2_moe",
  modelTypes: ["qwen2_moe"],
  config: configSchema(shape, (c) => {
    const mlp = expertsMlp(c, { width: c.intermediate_size, activation: c.hidden_act });
    const local = (layer: number) =>
      c.layer_types
        ? c.layer_types[layer] === "sliding_attention"
        : layer % 2 === 0 && layer < (c.max_window_layers ?? 28);
    return llamaLike("qwen2_moe", c, (layer) => ({
      mlp: mlp(layer),
      mixer: attention({ window: c.use_sliding_window && local(layer) ? c.sliding_window : null }),
      biases: { qkv: c.qkv_bias, output: false, mlp: false },
    }));
  }),
  tensors: expertsTensors(),
};

export default family;
