/** How GGUF files spell what families share (llama.cpp's gguf-py constants name the same tensors alike in all of them). */
import type { TensorNames } from "./family.ts";
import { layerNames, modelNames } from "./names.ts";

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

/** Modules of a block. */
export const ggufModules = {
  ...{ attentionNorm: "attn_norm", attentionOutputNorm: "post_attention_norm" },
  ...{ mlpNorm: "ffn_norm", mlpOutputNorm: "post_ffw_norm" },
  ...{ queries: "attn_q", keys: "attn_k", values: "attn_v", output: "attn_output" },
  ...{ queriesNorm: "attn_q_norm", keysNorm: "attn_k_norm" },
  ...{ gate: "ffn_gate", up: "ffn_up", down: "ffn_down" },
} as const;

/** Queries, keys and values in one tensor. */
export const ggufFused = { queries: "attn_qkv", keys: "attn_qkv", values: "attn_qkv" } as const;

/** Tensor names, with some modules called otherwise. */
export function ggufTensors(modules: Parameters<typeof layerNames>[1] = {}): TensorNames {
  return {
    model: modelNames({
      embedding: "token_embd",
      positions: "position_embd",
      finalNorm: "output_norm",
      head: "output",
    }),
    layer: layerNames("blk.{layer}.", { ...ggufModules, ...modules }),
    redundant: [/^rope_freqs\.weight$/, /^rope_factors_(long|short)\.weight$/],
  };
}
