/** What Llama and its kin share: RMSNorm before each sublayer, rotary positions, grouped queries, a gated MLP (arXiv 2302.13971). */
import { z } from "zod";
import { softmaxSpec } from "../mixers/index.ts";
import type { Architecture } from "./architecture.ts";
import type { Block } from "./block.ts";
import { headsOf, ropeOf, ropeShape, size } from "./config.ts";
import type { TensorNames } from "./family.ts";

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
  hidden_act: z.literal("silu").default("silu"),
  tie_word_embeddings: z.boolean().default(false),
  ...ropeShape,
};

/** A configuration with these keys. */
export type LlamaConfig = z.output<z.ZodObject<typeof llamaShape>>;

/** The architecture of a configuration, as Llama has it but for what `block` says. Throws a ConfigProblem for one that cannot be. */
export function llamaLike(family: string, c: LlamaConfig, block: Partial<Block> = {}): Architecture {
  const heads = headsOf(c.hidden_size, c.num_attention_heads, c.num_key_value_heads, c.head_dim);
  const norm = { kind: "rms", epsilon: c.rms_norm_eps, offset: 0, bias: false } as const;
  const plain: Block = {
    ...heads,
    hiddenSize: c.hidden_size,
    mixer: softmaxSpec,
    rope: 0,
    mlp: { size: c.intermediate_size, gated: true, activation: "silu" },
    norm,
    norms: ["before"],
    headNorms: "none",
    residual: "sequential",
    biases: { qkv: false, output: false, mlp: false },
    factors: {},
    ...block,
  };
  return {
    family,
    hiddenSize: c.hidden_size,
    vocabularySize: c.vocab_size,
    context: c.max_position_embeddings,
    blocks: new Array<Block>(c.num_hidden_layers).fill(plain),
    ropes: [ropeOf(c, { headDim: heads.headDim, context: c.max_position_embeddings })],
    norm,
    tiedHead: c.tie_word_embeddings,
    embedding: { scale: 1 },
    head: { scale: 1, bias: false },
  };
}

const layer = (name: string) => `model.layers.{layer}.${name}`;
const both = (role: string, name: string) => ({
  [role]: layer(`${name}.weight`),
  [`${role}Bias`]: layer(`${name}.bias`),
});

/** Tensor names of checkpoints. */
export const llamaTensors: TensorNames = {
  model: { embedding: "model.embed_tokens.weight", finalNorm: "model.norm.weight", head: "lm_head.weight" },
  layer: {
    attentionNorm: layer("input_layernorm.weight"),
    mlpNorm: layer("post_attention_layernorm.weight"),
    ...both("queries", "self_attn.q_proj"),
    ...both("keys", "self_attn.k_proj"),
    ...both("values", "self_attn.v_proj"),
    ...both("output", "self_attn.o_proj"),
    ...both("gate", "mlp.gate_proj"),
    ...both("up", "mlp.up_proj"),
    ...both("down", "mlp.down_proj"),
  },
  redundant: [/\.rotary_emb\.inv_freq$/],
};

const block = (name: string) => `blk.{layer}.${name}`;
const pair = (role: string, name: string) => ({
  [role]: block(`${name}.weight`),
  [`${role}Bias`]: block(`${name}.bias`),
});

/** Configuration keys by what GGUF files call them. */
export const ggufConfig: Readonly<Record<string, string>> = {
  hidden_size: "embedding_length",
  intermediate_size: "feed_forward_length",
  num_hidden_layers: "block_count",
  num_attention_heads: "attention.head_count",
  num_key_value_heads: "attention.head_count_kv",
  head_dim: "attention.key_length",
  vocab_size: "vocab_size",
  max_position_embeddings: "context_length",
  rms_norm_eps: "attention.layer_norm_rms_epsilon",
  rope_theta: "rope.freq_base",
};

/** Tensor names of GGUF files. */
export const ggufTensors: TensorNames = {
  model: { embedding: "token_embd.weight", finalNorm: "output_norm.weight", head: "output.weight" },
  layer: {
    attentionNorm: block("attn_norm.weight"),
    mlpNorm: block("ffn_norm.weight"),
    ...pair("queries", "attn_q"),
    ...pair("keys", "attn_k"),
    ...pair("values", "attn_v"),
    ...pair("output", "attn_output"),
    ...pair("gate", "ffn_gate"),
    ...pair("up", "ffn_up"),
    ...pair("down", "ffn_down"),
  },
  redundant: [/^rope_freqs\.weight$/],
};
