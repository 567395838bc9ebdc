/** What Llama and its kin share: RMSNorm before each sublayer, rotary positions, grouped queries, a gated MLP (arXiv 2302.13971). */
import { z } from "zod";
import type { Architecture } from "./architecture.ts";
import type { Block } from "./block.ts";
import { activation, headsOf, ropeOf, ropeShape, size } from "./config.ts";
import { decoder } from "./decoder.ts";
import type { TensorNames } from "./family.ts";
import { layerNames, modelNames } from "./names.ts";

/** Keys of a configuration, to be spread into a family's shape. */
export const llamaShape = {
  hidden_size: size,
  intermediate_size: size,
  num_hidden_layers: size,
  num_attention_heads: size,
  num_key_value_heads: size.nullish(),
  head_dim: size.nullish(),
  vocab_size: size,
  max_position_embeddings: size.default(2048),
  rms_norm_eps: z.number().positive().default(1e-6),
  hidden_act: activation.default("silu"),
  tie_word_embeddings: z.boolean().default(false),
  ...ropeShape,
};

/** A configuration with these keys. */
export type LlamaConfig = z.output<z.ZodObject<typeof llamaShape>>;

/** Biases of the attention's projections alone. */
export const attentionBiases = (present: boolean, mlp = false): Block["biases"] => ({
  qkv: present,
  output: present,
  mlp,
});

/**
 * The architecture of a configuration, as Llama has it but for what is said of blocks and ends. Throws a ConfigProblem for
 * one that cannot be.
 */
export function llamaLike(
  family: string,
  c: LlamaConfig,
  block: Partial<Block> | ((layer: number) => Partial<Block>) = {},
  ends: Partial<Architecture> = {},
): Architecture {
  const heads = headsOf(c.hidden_size, c.num_attention_heads, c.num_key_value_heads, c.head_dim);
  const own = typeof block === "function" ? block : () => block;
  const mlp = { size: c.intermediate_size, gated: true, activation: c.hidden_act };
  const context = c.max_position_embeddings;
  return decoder(
    {
      family,
      ...heads,
      hiddenSize: c.hidden_size,
      layers: c.num_hidden_layers,
      vocabularySize: c.vocab_size,
      context,
      norm: { kind: "rms", epsilon: c.rms_norm_eps, offset: 0, bias: false },
    },
    (layer) => ({ mlp, ...own(layer) }),
    {
      ropes: ends.ropes ?? [ropeOf(c, { headDim: heads.headDim, context })],
      tiedHead: c.tie_word_embeddings,
      ...ends,
    },
  );
}

/** Modules of a block, as Llama's checkpoints call them. */
export const llamaModules = {
  attentionNorm: "input_layernorm",
  mlpNorm: "post_attention_layernorm",
  ...{ queries: "self_attn.q_proj", keys: "self_attn.k_proj", values: "self_attn.v_proj", output: "self_attn.o_proj" },
  ...{ queriesNorm: "self_attn.q_norm", keysNorm: "self_attn.k_norm" },
  ...{ gate: "mlp.gate_proj", up: "mlp.up_proj", down: "mlp.down_proj" },
} as const;

/** Tensor names of checkpoints, with some modules called otherwise. */
export function llamaTensors(modules: Parameters<typeof layerNames>[1] = {}): TensorNames {
  return {
    model: modelNames({ embedding: "model.embed_tokens", finalNorm: "model.norm", head: "lm_head" }),
    layer: layerNames("model.layers.{layer}.", { ...llamaModules, ...modules }),
    redundant: [/\.rotary_emb\.inv_freq$/],
  };
}
