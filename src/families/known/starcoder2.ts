/** StarCoder 2: LayerNorm, a plain MLP, biases everywhere, a window on every layer (arXiv 2402.19173). */
import { z } from "zod";
import { attention } from "../attention.ts";
import { activation, configSchema, size } from "../config.ts";
import { allBiases } from "../decoder.ts";
import type { Family } from "../family.ts";
import { ggufSizes, ggufTensors, hasAttentionBias } from "../gguf.ts";
import { attentionBiases, llamaLike, llamaShape, llamaTensors } from "../llama-like.ts";

const { rms_norm_eps: _rms, ...shared } = llamaShape;

const shape = {
  ...shared,
  hidden_act: activation.default("geluTanh"),
  norm_epsilon: z.number().positive().default(1e-5),
  sliding_window: size.nullish(),
  use_bias: z.boolean().default(true),
  tie_word_embeddings: z.boolean().default(true),
  norm_type: z.literal("layer_norm").optional(),
  mlp_type: z.literal("default").optional(),
};

/** The family's description. */
const family: Family = {
  name: "starcoder2",
  modelTypes: ["starcoder2"],
  config: configSchema(shape, (c) => {
    const norm = { kind: "layer", epsilon: c.norm_epsilon, offset: 0, bias: true } as const;
    return llamaLike(
      "starcoder2",
      { ...c, rms_norm_eps: c.norm_epsilon },
      {
        norm,
        mlp: { size: c.intermediate_size, gated: false, activation: c.hidden_act },
        mixer: attention({ window: c.sliding_window }),
        biases: c.use_bias ? allBiases : attentionBiases(false),
      },
      { norm },
    );
  }),
  tensors: llamaTensors({ up: "mlp.c_fc", down: "mlp.c_proj" }),
  gguf: {
    architecture: "starcoder2",
    config: {
      ...ggufSizes,
      ...{ head_dim: "attention.key_length", norm_epsilon: "attention.layer_norm_epsilon" },
      sliding_window: "attention.sliding_window",
    },
    implied: (has) => ({ use_bias: hasAttentionBias(has) }),
    tensors: ggufTensors(),
  },
};

export default family;
