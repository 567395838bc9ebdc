/** Llama and its many kin: RMSNorm, rotary positions, grouped queries, SwiGLU (arXiv 2302.13971). */
import { z } from "zod";
import type { Family } from "./family.ts";
import { ropeSpec } from "./rope/rope.ts";

const size = z.number().int().positive();

/** Rotary settings under `rope_parameters`, or in the older spelling `rope_theta` with `rope_scaling`. */
const ropeSettings = z.looseObject({
  rope_type: z.string().optional(),
  type: z.string().optional(),
  rope_theta: z.number().positive().optional(),
});

const config = z
  .looseObject({
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
    attention_bias: z.boolean().default(false),
    mlp_bias: z.boolean().default(false),
    tie_word_embeddings: z.boolean().default(false),
    rope_theta: z.number().positive().nullish(),
    rope_scaling: ropeSettings.nullish(),
    rope_parameters: ropeSettings.nullish(),
  })
  .transform((c, context) => {
    const headDim = c.head_dim ?? c.hidden_size / c.num_attention_heads;
    const groups = c.num_key_value_heads ?? c.num_attention_heads;
    const refuse = (message: string) => {
      context.addIssue({ code: "custom", message });
      return z.NEVER;
    };
    if (!Number.isInteger(headDim) || headDim % 2 !== 0)
      return refuse(`a head of ${headDim} dimensions cannot be rotated`);
    if (c.num_attention_heads % groups !== 0)
      return refuse(`${c.num_attention_heads} heads cannot share ${groups} key heads`);
    const rope = c.rope_parameters ?? c.rope_scaling ?? {};
    const theta = rope.rope_theta ?? c.rope_theta ?? 10_000;
    const base = { theta, dim: headDim, context: c.max_position_embeddings };
    try {
      return {
        family: "llama",
        hiddenSize: c.hidden_size,
        layers: c.num_hidden_layers,
        heads: c.num_attention_heads,
        groups,
        headDim,
        intermediateSize: c.intermediate_size,
        vocabularySize: c.vocab_size,
        context: c.max_position_embeddings,
        norm: { kind: "rms", epsilon: c.rms_norm_eps, offset: 0, bias: false } as const,
        norms: ["before"] as const,
        headNorms: "none" as const,
        residual: "sequential" as const,
        residualScale: 1,
        mlp: { gated: true, activation: "silu" } as const,
        rope: ropeSpec(rope.rope_type ?? rope.type ?? "default", base, rope),
        biases: { attention: c.attention_bias, mlp: c.mlp_bias },
        tiedHead: c.tie_word_embeddings,
        embedding: { scale: 1 },
        head: { scale: 1, bias: false },
      };
    } catch (problem) {
      return refuse(`rotary settings: ${explained(problem)}`);
    }
  });

function explained(problem: unknown): string {
  if (problem instanceof z.ZodError)
    return problem.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ");
  return problem instanceof Error ? problem.message : String(problem);
}

/** The family's description. */
export const llama: Family = {
  name: "llama",
  modelTypes: ["llama"],
  config,
  tensors: {
    model: { embedding: "model.embed_tokens.weight", finalNorm: "model.norm.weight", head: "lm_head.weight" },
    layer: {
      attentionNorm: "model.layers.{layer}.input_layernorm.weight",
      queries: "model.layers.{layer}.self_attn.q_proj.weight",
      keys: "model.layers.{layer}.self_attn.k_proj.weight",
      values: "model.layers.{layer}.self_attn.v_proj.weight",
      output: "model.layers.{layer}.self_attn.o_proj.weight",
      mlpNorm: "model.layers.{layer}.post_attention_layernorm.weight",
      gate: "model.layers.{layer}.mlp.gate_proj.weight",
      up: "model.layers.{layer}.mlp.up_proj.weight",
      down: "model.layers.{layer}.mlp.down_proj.weight",
      queriesBias: "model.layers.{layer}.self_attn.q_proj.bias",
      keysBias: "model.layers.{layer}.self_attn.k_proj.bias",
      valuesBias: "model.layers.{layer}.self_attn.v_proj.bias",
      outputBias: "model.layers.{layer}.self_attn.o_proj.bias",
      gateBias: "model.layers.{layer}.mlp.gate_proj.bias",
      upBias: "model.layers.{layer}.mlp.up_proj.bias",
      downBias: "model.layers.{layer}.mlp.down_proj.bias",
    },
    redundant: [/\.rotary_emb\.inv_freq$/],
  },
  gguf: {
    architecture: "llama",
    config: {
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
    },
    tensors: {
      model: { embedding: "token_embd.weight", finalNorm: "output_norm.weight", head: "output.weight" },
      layer: {
        attentionNorm: "blk.{layer}.attn_norm.weight",
        queries: "blk.{layer}.attn_q.weight",
        keys: "blk.{layer}.attn_k.weight",
        values: "blk.{layer}.attn_v.weight",
        output: "blk.{layer}.attn_output.weight",
        mlpNorm: "blk.{layer}.ffn_norm.weight",
        gate: "blk.{layer}.ffn_gate.weight",
        up: "blk.{layer}.ffn_up.weight",
        down: "blk.{layer}.ffn_down.weight",
        queriesBias: "blk.{layer}.attn_q.bias",
        keysBias: "blk.{layer}.attn_k.bias",
        valuesBias: "blk.{layer}.attn_v.bias",
        outputBias: "blk.{layer}.attn_output.bias",
        gateBias: "blk.{layer}.ffn_gate.bias",
        upBias: "blk.{layer}.ffn_up.bias",
        downBias: "blk.{layer}.ffn_down.bias",
      },
      redundant: [/^rope_freqs\.weight$/],
    },
    interleaved: ["queries", "keys", "queriesBias", "keysBias"],
  },
};
