/** How GGUF files spell what families share (llama.cpp's gguf-py constants name the same tensors alike in all of them). */
import type { GgufSpelling, HasTensor, TensorNames } from "./family.ts";
import { layerNames, modelNames } from "./names.ts";

/** Configuration keys by what GGUF files call them: sizes, and the base of rotary positions. */
export const ggufSizes = {
  hidden_size: "embedding_length",
  intermediate_size: "feed_forward_length",
  num_hidden_layers: "block_count",
  num_attention_heads: "attention.head_count",
  num_key_value_heads: "attention.head_count_kv",
  max_position_embeddings: "context_length",
  rope_theta: "rope.freq_base",
} as const;

/** The keys that Llama and most of its kin have. */
export const ggufConfig = {
  ...ggufSizes,
  head_dim: "attention.key_length",
  rms_norm_eps: "attention.layer_norm_rms_epsilon",
} as const;

/** Modules of a block. */
const ggufModules = {
  ...{ attentionNorm: "attn_norm", attentionOutputNorm: "post_attention_norm" },
  ...{ mlpNorm: "ffn_norm", mlpOutputNorm: "post_ffw_norm" },
  ...{ queries: "attn_q", keys: "attn_k", values: "attn_v", output: "attn_output" },
  ...{ queriesNorm: "attn_q_norm", keysNorm: "attn_k_norm" },
  ...{ gate: "ffn_gate", up: "ffn_up", down: "ffn_down" },
} as const;

/** Queries, keys and values in one tensor; files of any architecture may have them so. */
const fused = { queries: "attn_qkv", keys: "attn_qkv", values: "attn_qkv" } as const;

/** The tensors of experts, those of all in one. */
const ggufExperts = {
  router: "blk.{layer}.ffn_gate_inp.weight",
  ...{ expertGate: "blk.{layer}.ffn_gate_exps.weight", expertUp: "blk.{layer}.ffn_up_exps.weight" },
  expertDown: "blk.{layer}.ffn_down_exps.weight",
} as const;

/** Tensor names, with some modules called otherwise, and how tensors lie in the file. */
export function ggufTensors(
  modules: Parameters<typeof layerNames>[1] = {},
  traits: Partial<TensorNames> = {},
): GgufSpelling["tensors"] {
  return (has) => ({
    model: modelNames({
      embedding: "token_embd",
      positions: "position_embd",
      embeddingNorm: "token_embd_norm",
      finalNorm: "output_norm",
      head: "output",
    }),
    layer: {
      ...layerNames("blk.{layer}.", { ...ggufModules, ...(has("blk.0.attn_qkv.weight") && fused), ...modules }),
      ...ggufExperts,
    },
    // The configuration has them as factors of rotary frequencies.
    redundant: [/^rope_freqs\.weight$/, /^rope_factors_(long|short)\.weight$/],
    ...traits,
  });
}

/** Whether queries, keys and values have biases. */
export const hasAttentionBias = (has: HasTensor): boolean => has("blk.0.attn_q.bias") || has("blk.0.attn_qkv.bias");

/** The keys of biases, as Llama's configurations have them. */
export const impliedBiases = (has: HasTensor): Record<string, unknown> => ({
  attention_bias: hasAttentionBias(has),
  mlp_bias: has("blk.0.ffn_down.bias"),
});
