/** GPT-NeoX and Pythia: partial rotary positions, fused projections head by head, parallel sublayers (arXiv 2204.06745). */
import { z } from "zod";
import { activation, configSchema, headsOf, ropeOf, ropeShape, size } from "../config.ts";
import { allBiases, decoder } from "../decoder.ts";
import type { Family } from "../family.ts";
import { ggufSizes, ggufTensors, hasAttentionBias } from "../gguf.ts";
import { layerNames, modelNames } from "../names.ts";

const shape = {
  ...{ hidden_size: size, intermediate_size: size, num_hidden_layers: size, num_attention_heads: size },
  vocab_size: size,
  max_position_embeddings: size.default(2048),
  layer_norm_eps: z.number().positive().default(1e-5),
  hidden_act: activation.default("gelu"),
  tie_word_embeddings: z.boolean().default(false),
  use_parallel_residual: z.boolean().default(true),
  attention_bias: z.boolean().default(true),
  rotary_pct: z.number().gt(0).max(1).nullish(),
  rotary_emb_base: z.number().positive().nullish(),
  is_decoder: z.boolean().optional(),
  ...ropeShape,
};

const qkv = "attention.query_key_value";

const { num_key_value_heads: _groups, ...sizes } = ggufSizes;

/** The family's description. */
const family: Family = {
  name: "gpt_neox",
  modelTypes: ["gpt_neox"],
  config: configSchema(shape, (c) => {
    const heads = headsOf(c.hidden_size, c.num_attention_heads, undefined, undefined);
    const context = c.max_position_embeddings;
    const older = { partial_rotary_factor: c.partial_rotary_factor ?? c.rotary_pct ?? 0.25 };
    const turning = { ...c, ...older, rope_theta: c.rope_theta ?? c.rotary_emb_base };
    return decoder(
      {
        ...{ family: "gpt_neox", ...heads, hiddenSize: c.hidden_size, layers: c.num_hidden_layers },
        ...{ vocabularySize: c.vocab_size, context },
        norm: { kind: "layer", epsilon: c.layer_norm_eps, offset: 0, bias: true },
      },
      {
        mlp: { size: c.intermediate_size, gated: false, activation: c.hidden_act },
        residual: c.use_parallel_residual ? "parallel" : "sequential",
        biases: { ...allBiases, qkv: c.attention_bias, output: c.attention_bias },
      },
      { ropes: [ropeOf(turning, { headDim: heads.headDim, context })], tiedHead: c.tie_word_embeddings },
    );
  }),
  tensors: {
    model: modelNames({
      ...{ embedding: "gpt_neox.embed_in", finalNorm: "gpt_neox.final_layer_norm", head: "embed_out" },
    }),
    layer: layerNames("gpt_neox.layers.{layer}.", {
      ...{ attentionNorm: "input_layernorm", queries: qkv, keys: qkv, values: qkv, output: "attention.dense" },
      ...{ mlpNorm: "post_attention_layernorm", up: "mlp.dense_h_to_4h", down: "mlp.dense_4h_to_h" },
    }),
    turns: { queries: "groups", queriesBias: "groups" },
    redundant: [/\.attention\.(bias|masked_bias|rotary_emb\.inv_freq)$/],
  },
  // Fused parts are whole there.
  gguf: {
    architecture: "gptneox",
    config: {
      ...sizes,
      layer_norm_eps: "attention.layer_norm_epsilon",
      use_parallel_residual: "use_parallel_residual",
    },
    implied: (has) => ({ attention_bias: hasAttentionBias(has) }),
    tensors: ggufTensors(),
  },
};

export default family;
