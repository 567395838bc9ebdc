/** CodeGen: GPT-J whose queries, values and keys lie in four blocks, as it was trained on four devices (arXiv 2203.13474). */
import { z } from "zod";
import { activation, ConfigProblem, configSchema, headsOf, ignored, ropeOf, size } from "../config.ts";
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
  scale_attn_weights: z.literal(true).optional(),
  // Implied by n_positions, and heads for other tasks.
  ...ignored(
    "n_ctx summary_type summary_use_proj summary_activation summary_proj_to_labels summary_first_dropout",
    "tokenizer_class",
  ),
};

const qkv = "attn.qkv_proj";

/** Blocks of the fused projection. */
const blocks = 4;

/** The family's description. */
const family: Family = {
  name: "codegen",
  modelTypes: ["codegen"],
  config: configSchema(shape, (c) => {
    const { headDim, ...heads } = headsOf(c.n_embd, c.n_head, undefined, undefined);
    if (c.n_head % blocks !== 0) throw new ConfigProblem(`${c.n_head} n_head do not make ${blocks} blocks`);
    const context = c.n_positions;
    return decoder(
      {
        ...{ family: "codegen", ...heads, headDim, hiddenSize: c.n_embd, layers: c.n_layer },
        ...{ vocabularySize: c.vocab_size, context },
        norm: { kind: "layer", epsilon: c.layer_norm_epsilon, offset: 0, bias: true },
      },
      {
        mlp: { size: c.n_inner ?? 4 * c.n_embd, gated: false, activation: c.activation_function },
        residual: "shared",
        biases: { qkv: false, output: false, mlp: true },
      },
      {
        ropes: [ropeOf({ partial_rotary_factor: c.rotary_dim / headDim }, { headDim, context })],
        tiedHead: c.tie_word_embeddings,
        head: { scale: 1, bias: true },
      },
    );
  }),
  tensors: {
    model: modelNames({ embedding: "transformer.wte", finalNorm: "transformer.ln_f", head: "lm_head" }),
    layer: layerNames("transformer.h.{layer}.", {
      ...{ attentionNorm: "ln_1", queries: qkv, keys: qkv, values: qkv, output: "attn.out_proj" },
      ...{ up: "mlp.fc_in", down: "mlp.fc_out" },
    }),
    order: ["queries", "values", "keys"],
    turns: { queries: blocks },
    rotary: "adjacent",
    redundant: [/\.attn\.causal_mask$/],
  },
};

export default family;
