/** GPT-J: rotary pairs side by side, attention and MLP behind one norm, a head with a bias (EleutherAI, 2021). */
import { z } from "zod";
import { activation, configSchema, headsOf, ignored, ropeOf, size } from "../config.ts";
import { decoder } from "../decoder.ts";
import type { Family } from "../family.ts";
import { layerNames, modelNames } from "../names.ts";

const shape = {
  ...{ n_embd: size, n_layer: size, n_head: size, vocab_size: size, n_positions: size.default(2048) },
  n_inner: size.nullish(),
  rotary_dim: size.default(64),
  activation_function: activation.default("geluTanh"),
  layer_norm_epsilon: z.number().positive().default(1e-5),
  tie_word_embeddings: z.boolean().default(false),
  // Said of the published model, and of heads for other tasks.
  ...{
    rotary: z.literal(true).optional(),
    scale_attn_weights: z.literal(true).optional(),
  },
  ...ignored(
    "gradient_checkpointing summary_type summary_use_proj summary_activation summary_proj_to_labels",
    "summary_first_dropout tokenizer_class",
  ),
};

/** The family's description. */
const family: Family = {
  name: "gptj",
  modelTypes: ["gptj"],
  config: configSchema(shape, (c) => {
    const heads = headsOf(c.n_embd, c.n_head, undefined, undefined);
    const context = c.n_positions;
    return decoder(
      {
        ...{ family: "gptj", ...heads, hiddenSize: c.n_embd, layers: c.n_layer, vocabularySize: c.vocab_size, context },
        norm: { kind: "layer", epsilon: c.layer_norm_epsilon, offset: 0, bias: true },
      },
      {
        mlp: { size: c.n_inner ?? 4 * c.n_embd, gated: false, activation: c.activation_function },
        residual: "shared",
        biases: { qkv: false, output: false, mlp: true },
      },
      {
        ropes: [ropeOf({ partial_rotary_factor: c.rotary_dim / heads.headDim }, { headDim: heads.headDim, context })],
        tiedHead: c.tie_word_embeddings,
        head: { scale: 1, bias: true },
      },
    );
  }),
  tensors: {
    model: modelNames({ embedding: "transformer.wte", finalNorm: "transformer.ln_f", head: "lm_head" }),
    layer: layerNames("transformer.h.{layer}.", {
      ...{ attentionNorm: "ln_1", queries: "attn.q_proj", keys: "attn.k_proj", values: "attn.v_proj" },
      ...{ output: "attn.out_proj", up: "mlp.fc_in", down: "mlp.fc_out" },
    }),
    rotary: "adjacent",
    redundant: [/\.attn\.(bias|masked_bias)$/],
  },
};

export default family;
