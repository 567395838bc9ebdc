/** Configurations of further families with the keys of published ones, in sizes of a test, and tensors that their files have. */

/** A family's row. */
export interface Published {
  readonly config: Readonly<Record<string, unknown>>;
  /** Some tensors of such a file, as published files call them, with their shapes. */
  readonly tensors: Readonly<Record<string, readonly number[]>>;
}

const training = { initializer_range: 0.02, torch_dtype: "bfloat16", transformers_version: "4.40.0", use_cache: true };
const tokens = { bos_token_id: 1, eos_token_id: 2 };

const llama = {
  ...{ ...training, ...tokens, vocab_size: 61, hidden_size: 32, intermediate_size: 24, num_hidden_layers: 2 },
  ...{ num_attention_heads: 4, num_key_value_heads: 2, max_position_embeddings: 64, hidden_act: "silu" },
  ...{ attention_dropout: 0, rope_theta: 10_000, tie_word_embeddings: false },
};
const routed = { output_router_logits: false, router_aux_loss_coef: 0.001, num_experts_per_tok: 2 };
const gpt = {
  ...training,
  ...tokens,
  vocab_size: 61,
  n_embd: 32,
  n_layer: 2,
  n_head: 4,
  n_positions: 64,
  n_inner: null,
};
const summaries = {
  ...{ summary_type: "cls_index", summary_use_proj: true, summary_activation: null, summary_proj_to_labels: true },
  summary_first_dropout: 0.1,
};
const { rope_theta: _theta, num_key_value_heads: _groups, ...encoder } = llama;
const [layer, head] = ["model.layers.1.", [61, 32]];

/** By model_type. */
export const published: Readonly<Record<string, Published>> = {
  mixtral: {
    config: { ...llama, ...routed, num_local_experts: 4, sliding_window: null, rms_norm_eps: 1e-5, rope_theta: 1e6 },
    tensors: {
      [`${layer}block_sparse_moe.gate.weight`]: [4, 32],
      [`${layer}block_sparse_moe.experts.3.w1.weight`]: [24, 32],
      [`${layer}block_sparse_moe.experts.3.w2.weight`]: [32, 24],
      [`${layer}block_sparse_moe.experts.3.w3.weight`]: [24, 32],
      "lm_head.weight": head,
    },
  },
  qwen2_moe: {
    config: {
      ...{ ...llama, ...routed, decoder_sparse_step: 1, max_window_layers: 21, moe_intermediate_size: 12 },
      ...{ norm_topk_prob: false, num_experts: 4, rms_norm_eps: 1e-6, sliding_window: 32_768 },
      ...{ shared_expert_intermediate_size: 20, use_sliding_window: false },
    },
    tensors: {
      [`${layer}mlp.gate.weight`]: [4, 32],
      [`${layer}mlp.experts.3.down_proj.weight`]: [32, 12],
      [`${layer}mlp.shared_expert.up_proj.weight`]: [20, 32],
      [`${layer}mlp.shared_expert_gate.weight`]: [1, 32],
      [`${layer}self_attn.k_proj.bias`]: [16],
    },
  },
  qwen3_moe: {
    config: {
      ...{ ...llama, ...routed, attention_bias: false, decoder_sparse_step: 1, head_dim: 16, max_window_layers: 48 },
      ...{ mlp_only_layers: [0], moe_intermediate_size: 12, norm_topk_prob: true, num_experts: 4, rope_scaling: null },
      ...{ sliding_window: null, use_sliding_window: false, rms_norm_eps: 1e-6 },
    },
    tensors: {
      "model.layers.0.mlp.gate_proj.weight": [24, 32],
      [`${layer}mlp.experts.0.gate_proj.weight`]: [12, 32],
      [`${layer}self_attn.q_norm.weight`]: [16],
    },
  },
  olmoe: {
    config: {
      ...{ ...llama, ...routed, attention_bias: false, clip_qkv: null, norm_topk_prob: false, num_experts: 4 },
      ...{ rms_norm_eps: 1e-5, rope_scaling: null },
    },
    tensors: {
      [`${layer}self_attn.q_norm.weight`]: [32],
      [`${layer}self_attn.k_norm.weight`]: [16],
      [`${layer}mlp.experts.3.up_proj.weight`]: [24, 32],
    },
  },
  granitemoe: {
    config: {
      ...{ ...llama, ...routed, attention_bias: false, attention_multiplier: 0.015625, embedding_multiplier: 12 },
      ...{ logits_scaling: 6, num_local_experts: 4, residual_multiplier: 0.22, rms_norm_eps: 1e-6, rope_scaling: null },
    },
    tensors: {
      [`${layer}block_sparse_moe.input_linear.weight`]: [4, 48, 32],
      [`${layer}block_sparse_moe.output_linear.weight`]: [4, 32, 24],
      [`${layer}block_sparse_moe.router.layer.weight`]: [4, 32],
    },
  },
  bloom: {
    config: {
      ...{ ...training, ...tokens, vocab_size: 61, n_embed: 32, n_layer: 2, num_attention_heads: 4, n_inner: null },
      ...{ apply_residual_connection_post_layernorm: false, attention_softmax_in_fp32: true, seq_length: 64 },
      ...{ bias_dropout_fusion: true, layer_norm_epsilon: 1e-5, masked_softmax_fusion: true, offset_alibi: 100 },
      ...{ pretraining_tp: 1, skip_bias_add: true, skip_bias_add_qkv: false, slow_but_exact: false, unk_token_id: 0 },
    },
    tensors: {
      "transformer.word_embeddings_layernorm.bias": [32],
      "transformer.h.1.self_attention.query_key_value.weight": [96, 32],
      "transformer.h.1.self_attention.query_key_value.bias": [96],
    },
  },
  falcon: {
    config: {
      ...{ ...training, ...tokens, vocab_size: 61, hidden_size: 32, num_hidden_layers: 2, num_attention_heads: 4 },
      ...{ alibi: false, apply_residual_connection_post_layernorm: false, attention_dropout: 0, bias: false },
      ...{ hidden_dropout: 0, layer_norm_epsilon: 1e-5, multi_query: true, new_decoder_architecture: true },
      ...{ num_kv_heads: 2, parallel_attn: true },
    },
    tensors: {
      "transformer.h.1.ln_attn.weight": [32],
      "transformer.h.1.ln_mlp.bias": [32],
      "transformer.h.1.self_attention.query_key_value.weight": [64, 32],
    },
  },
  mpt: {
    config: {
      ...{ ...training, vocab_size: 61, d_model: 32, n_heads: 4, n_layers: 2, max_seq_len: 64, expansion_ratio: 4 },
      attn_config: {
        ...{ alibi: true, alibi_bias_max: 8, attn_impl: "torch", attn_pdrop: 0, attn_type: "multihead_attention" },
        ...{ attn_uses_sequence_id: false, clip_qkv: null, prefix_lm: false, qk_ln: false, softmax_scale: null },
      },
      ...{ emb_pdrop: 0, embedding_fraction: 1, init_config: { name: "kaiming_normal_" }, init_device: "cpu" },
      ...{ learned_pos_emb: true, logit_scale: null, no_bias: true, norm_type: "low_precision_layernorm" },
      ...{ resid_pdrop: 0, tokenizer_name: "EleutherAI/gpt-neox-20b", verbose: 0 },
    },
    tensors: {
      "transformer.blocks.1.attn.Wqkv.weight": [96, 32],
      "transformer.blocks.1.ffn.up_proj.weight": [128, 32],
    },
  },
  gpt_bigcode: {
    config: {
      ...{ ...gpt, ...summaries, activation_function: "gelu_pytorch_tanh", attention_softmax_in_fp32: true },
      ...{
        inference_runner: 0,
        layer_norm_epsilon: 1e-5,
        max_batch_size: null,
        multi_query: true,
        pad_key_length: true,
      },
      ...{ pre_allocate_kv_cache: false, scale_attention_softmax_in_fp32: true, scale_attn_weights: true },
      validate_runner_input: true,
    },
    tensors: { "transformer.h.1.attn.c_attn.weight": [48, 32], "transformer.h.1.mlp.c_fc.weight": [128, 32] },
  },
  codegen: {
    config: {
      ...{ ...gpt, ...summaries, activation_function: "gelu_new", gradient_checkpointing: false, n_ctx: 64 },
      ...{ layer_norm_epsilon: 1e-5, rotary_dim: 4, scale_attn_weights: true, tokenizer_class: "GPT2Tokenizer" },
      ...{ task_specific_params: { "text-generation": {} }, tie_word_embeddings: false },
    },
    tensors: { "transformer.h.1.attn.qkv_proj.weight": [96, 32], "lm_head.bias": [61] },
  },
  cohere: {
    config: {
      ...{ ...llama, attention_bias: false, layer_norm_eps: 1e-5, logit_scale: 0.0625, model_max_length: 131_072 },
      ...{ pad_token_id: 0, tie_word_embeddings: true, use_qk_norm: true },
    },
    tensors: { [`${layer}self_attn.q_norm.weight`]: [4, 8], [`${layer}self_attn.k_norm.weight`]: [2, 8] },
  },
  cohere2: {
    config: {
      ...{ ...llama, attention_bias: false, cache_implementation: "hybrid", head_dim: 8, layer_norm_eps: 1e-5 },
      ...{ layer_switch: 4, logit_scale: 0.25, order_of_interleaved_layers: "local_attn_first", rotary_pct: 1 },
      ...{ position_embedding_type: "rope_gptj", rope_scaling: null, sliding_window: 16, sliding_window_pattern: 4 },
      ...{
        use_embedding_sharing: true,
        use_gated_activation: true,
        use_parallel_block: true,
        tie_word_embeddings: true,
      },
      use_parallel_embedding: true,
    },
    tensors: { [`${layer}input_layernorm.weight`]: [32] },
  },
  glm: {
    config: { ...llama, attention_bias: true, head_dim: 16, partial_rotary_factor: 0.5, rms_norm_eps: 1.5625e-7 },
    tensors: { [`${layer}mlp.gate_up_proj.weight`]: [48, 32], [`${layer}self_attn.v_proj.bias`]: [32] },
  },
  glm4: {
    config: { ...llama, attention_bias: false, head_dim: 16, partial_rotary_factor: 0.5, rms_norm_eps: 1e-5 },
    tensors: { [`${layer}post_self_attn_layernorm.weight`]: [32], [`${layer}post_mlp_layernorm.weight`]: [32] },
  },
  nemotron: {
    config: {
      ...{ ...llama, attention_bias: false, head_dim: 16, hidden_act: "relu2", mlp_bias: false, norm_eps: 1e-5 },
      partial_rotary_factor: 0.5,
    },
    tensors: {
      [`${layer}input_layernorm.bias`]: [32],
      "model.norm.bias": [32],
      [`${layer}mlp.up_proj.weight`]: [24, 32],
    },
  },
  arcee: {
    config: {
      ...{ ...llama, attention_bias: false, head_dim: 16, hidden_act: "relu2", mlp_bias: false, rms_norm_eps: 1e-5 },
      rope_scaling: { rope_type: "yarn", factor: 4, original_max_position_embeddings: 16 },
    },
    tensors: { [`${layer}mlp.up_proj.weight`]: [24, 32], [`${layer}mlp.down_proj.weight`]: [32, 24] },
  },
  seed_oss: {
    config: {
      ...{
        ...llama,
        attention_bias: true,
        attention_out_bias: false,
        head_dim: 16,
        mlp_bias: false,
        pretraining_tp: 1,
      },
      ...{ residual_dropout: 0.1, rms_norm_eps: 1e-6, rope_scaling: { rope_type: "default" } },
    },
    tensors: { [`${layer}self_attn.q_proj.bias`]: [64], [`${layer}self_attn.o_proj.weight`]: [32, 64] },
  },
  exaone4: {
    config: {
      ...{ ...llama, head_dim: 16, layer_types: ["sliding_attention", "full_attention"], rms_norm_eps: 1e-5 },
      ...{ sliding_window: 16, sliding_window_pattern: "LG" },
    },
    tensors: { [`${layer}post_feedforward_layernorm.weight`]: [32], [`${layer}self_attn.q_norm.weight`]: [16] },
  },
  helium: {
    config: { ...llama, attention_bias: false, head_dim: 8, mlp_bias: false, rms_norm_eps: 1e-8, rope_theta: 1e5 },
    tensors: { [`${layer}self_attn.o_proj.weight`]: [32, 32] },
  },
  ernie4_5: {
    config: {
      ...{ ...llama, compression_ratio: 1, head_dim: 16, rms_norm_eps: 1e-5, rope_scaling: null, rope_theta: 5e5 },
      ...{ tie_word_embeddings: true, use_bias: false },
    },
    tensors: { [`${layer}self_attn.o_proj.weight`]: [32, 64] },
  },
  roberta: {
    config: {
      ...{ ...encoder, attention_probs_dropout_prob: 0.1, hidden_act: "gelu", hidden_dropout_prob: 0.1 },
      ...{ layer_norm_eps: 1e-5, max_position_embeddings: 66, pad_token_id: 1, type_vocab_size: 1 },
      tie_word_embeddings: true,
    },
    tensors: { "roberta.embeddings.position_embeddings.weight": [66, 32], "lm_head.bias": [61] },
  },
  distilbert: {
    config: {
      ...{ ...training, vocab_size: 61, dim: 32, hidden_dim: 24, n_layers: 2, n_heads: 4, max_position_embeddings: 64 },
      ...{ activation: "gelu", attention_dropout: 0.1, dropout: 0.1, pad_token_id: 0, qa_dropout: 0.1 },
      ...{ seq_classif_dropout: 0.2, sinusoidal_pos_embds: false, tie_weights_: true },
    },
    tensors: { "distilbert.transformer.layer.1.ffn.lin1.weight": [24, 32], "vocab_projector.bias": [61] },
  },
};
