/** OLMoE: a norm of all queries and one of all keys, experts in every layer (arXiv 2409.02060). */
import { z } from "zod";
import { configSchema } from "../config.ts";
import { expertsMlp, expertsShape, expertsTensors, ggufExpertsConfig } from "../experts.ts";
import type { Family } from "../family.ts";
import { ggufConfig, ggufTensors, hasAttentionBias } from "../gguf.ts";
import { attentionBiases, llamaLike, llamaShape } from "../llama-like.ts";

const shape = {
  ...llamaShape,
  ...expertsShape,
  rms_norm_eps: z.number().positive().default(1e-5),
  attention_bias: z.boolean().default(false),
  // Queries, keys and values held between bounds: in no published model of the family.
  clip_qkv: z.null().optional(),
};

/** The family's description. */
const family: Family = {
  name: "olmoe",
  modelTypes: ["olmoe"],
  config: configSchema(shape, (c) => {
    const mlp = expertsMlp(c, { width: c.intermediate_size, activation: c.hidden_act });
    return llamaLike("olmoe", c, (layer) => ({
      mlp: mlp(layer),
      headNorms: "whole",
      biases: attentionBiases(c.attention_bias),
    }));
  }),
  tensors: expertsTensors(),
  gguf: {
    architecture: "olmoe",
    config: { ...ggufConfig, ...ggufExpertsConfig },
    implied: (has) => ({ attention_bias: hasAttentionBias(has) }),
    tensors: ggufTensors(),
  },
};

export default family;
