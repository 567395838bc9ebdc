/** Phi 1, 1.5 and 2: attention and MLP beside each other behind one LayerNorm, biases everywhere (arXiv 2309.05463). */
import { z } from "zod";
import { activation, configSchema, headsOf, ropeOf, ropeShape, size } from "../config.ts";
import { allBiases, decoder } from "../decoder.ts";
import type { Family } from "../family.ts";
import { ggufSizes, ggufTensors } from "../gguf.ts";
import { llamaModules } from "../llama-like.ts";
import { layerNames, modelNames } from "../names.ts";

const shape = {
  ...{ hidden_size: size, intermediate_size: size, num_hidden_layers: size, num_attention_heads: size },
  num_key_value_heads: size.nullish(),
  vocab_size: size,
  max_position_embeddings: size.default(2048),
  layer_norm_eps: z.number().positive().default(1e-5),
  hidden_act: activation.default("geluTanh"),
  tie_word_embeddings: z.boolean().default(false),
  qk_layernorm: z.boolean().default(false),
  ...ropeShape,
};

/** The family's description. */
const family: Family = {
  name: "phi",
  modelTypes: ["phi"],
  config: configSchema(shape, (c) => {
    const heads = headsOf(c.hidden_size, c.num_attention_heads, c.num_key_value_heads, undefined);
    const context = c.max_position_embeddings;
    const norm = { kind: "layer", epsilon: c.layer_norm_eps, offset: 0, bias: true } as const;
    return decoder(
      {
        ...{ family: "phi", ...heads, hiddenSize: c.hidden_size, layers: c.num_hidden_layers },
        ...{ vocabularySize: c.vocab_size, context, norm },
      },
      {
        mlp: { size: c.intermediate_size, gated: false, activation: c.hidden_act },
        residual: "shared",
        biases: allBiases,
        headNorms: c.qk_layernorm ? "head" : "none",
      },
      {
        ropes: [ropeOf({ partial_rotary_factor: 0.5, ...c }, { headDim: heads.headDim, context })],
        tiedHead: c.tie_word_embeddings,
        head: { scale: 1, bias: true },
      },
    );
  }),
  tensors: {
    model: modelNames({ embedding: "model.embed_tokens", finalNorm: "model.final_layernorm", head: "lm_head" }),
    layer: layerNames("model.layers.{layer}.", {
      ...llamaModules,
      ...{ output: "self_attn.dense", up: "mlp.fc1", down: "mlp.fc2" },
      ...{ queriesNorm: "self_attn.q_layernorm", keysNorm: "self_attn.k_layernorm" },
    }),
    redundant: [/\.rotary_emb\.inv_freq$/],
  },
  gguf: {
    architecture: "phi2",
    config: { ...ggufSizes, layer_norm_eps: "attention.layer_norm_epsilon" },
    tensors: ggufTensors(),
  },
};

export default family;
