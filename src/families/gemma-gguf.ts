/** What GGUF files of Gemma 2 and 3 share. */
import { ggufConfig } from "./gguf.ts";

/** Configuration keys by what GGUF files call them: caps and windows beside Llama's. */
export const cappedGguf = {
  ...ggufConfig,
  ...{ attn_logit_softcapping: "attn_logit_softcapping", final_logit_softcapping: "final_logit_softcapping" },
  ...{ sliding_window: "attention.sliding_window", layer_types: "attention.sliding_window_pattern" },
} as const;

/**
 * What queries' length is divided by the root of. Files do not hold it: as in llama.cpp it is a head's width, but for the
 * largest published model, known by its number of layers, where it is the stream's share for each head.
 */
export function queryScalar(config: Readonly<Record<string, unknown>>, layersOfLargest: number): unknown {
  if (config.num_hidden_layers !== layersOfLargest) return config.head_dim;
  return Math.floor(Number(config.hidden_size) / Number(config.num_attention_heads));
}
