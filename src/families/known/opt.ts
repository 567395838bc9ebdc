/** OPT: learned positions counted from two, ReLU, biases everywhere (arXiv 2205.01068). */
import { z } from "zod";
import { attention } from "../attention.ts";
import { activation, ConfigProblem, configSchema, headsOf, size } from "../config.ts";
import { allBiases, decoder } from "../decoder.ts";
import type { Family } from "../family.ts";
import { layerNames, modelNames } from "../names.ts";
import { stillRope } from "../rope/rope.ts";

const shape = {
  ...{ hidden_size: size, ffn_dim: size, num_hidden_layers: size, num_attention_heads: size, vocab_size: size },
  max_position_embeddings: size.default(2048),
  activation_function: activation.default("relu"),
  do_layer_norm_before: z.boolean().default(true),
  word_embed_proj_dim: size.nullish(),
  enable_bias: z.boolean().default(true),
  tie_word_embeddings: z.boolean().default(true),
  layer_norm_elementwise_affine: z.literal(true).optional(),
  _remove_final_layer_norm: z.boolean().default(false),
  prefix: z.string().optional(),
};

/** Rows of the table of positions that no token uses. */
const offset = 2;

/** The family's description. */
const family: Family = {
  name: "opt",
  modelTypes: ["opt"],
  config: configSchema(shape, (c) => {
    if ((c.word_embed_proj_dim ?? c.hidden_size) !== c.hidden_size)
      throw new ConfigProblem("word_embed_proj_dim: tables narrower than the stream are not supported");
    const heads = headsOf(c.hidden_size, c.num_attention_heads, undefined, undefined);
    const norm = { kind: "layer", epsilon: 1e-5, offset: 0, bias: true } as const;
    const context = c.max_position_embeddings;
    const { norm: _last, ...architecture } = decoder(
      {
        ...{ family: "opt", ...heads, hiddenSize: c.hidden_size, layers: c.num_hidden_layers },
        ...{ vocabularySize: c.vocab_size, context, norm },
      },
      {
        mlp: { size: c.ffn_dim, gated: false, activation: c.activation_function },
        mixer: attention({ rotary: false }),
        norms: [c.do_layer_norm_before ? "before" : "stream"],
        biases: c.enable_bias ? allBiases : { qkv: false, output: false, mlp: false },
      },
      {
        ropes: [stillRope(heads.headDim)],
        tiedHead: c.tie_word_embeddings,
        embedding: { scale: 1, positions: { count: context + offset, offset } },
      },
    );
    return c.do_layer_norm_before && !c._remove_final_layer_norm ? { ...architecture, norm } : architecture;
  }),
  tensors: {
    model: modelNames({
      ...{ embedding: "model.decoder.embed_tokens", positions: "model.decoder.embed_positions" },
      ...{ finalNorm: "model.decoder.final_layer_norm", head: "lm_head" },
    }),
    layer: layerNames("model.decoder.layers.{layer}.", {
      ...{ attentionNorm: "self_attn_layer_norm", attentionStreamNorm: "self_attn_layer_norm" },
      ...{ queries: "self_attn.q_proj", keys: "self_attn.k_proj", values: "self_attn.v_proj" },
      ...{ output: "self_attn.out_proj", mlpNorm: "final_layer_norm", mlpStreamNorm: "final_layer_norm" },
      ...{ up: "fc1", down: "fc2" },
    }),
    prefix: "model.",
    redundant: [],
  },
};

export default family;
