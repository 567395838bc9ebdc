/**
 * Checkpoints of the Hugging Face layout as llama.cpp's converter (convert_hf_to_gguf.py, conversion/*.py) puts them into
 * GGUF files, written anew from what that program does: names, keys and the order of rows, in tables of its own.
 */
import { gathered, permuted, transposed } from "./gguf-rows.ts";
import type { GgufContent, Tensor, Typed } from "./gguf-writer.ts";
import { Config } from "./typed-config.ts";

/** A checkpoint in memory; its configuration in the spelling of `rope_parameters`. */
export interface Checkpoint {
  readonly config: Readonly<Record<string, unknown>>;
  readonly tensors: Readonly<Record<string, Tensor>>;
}

/** One weight on its way into a file: its new name and itself, changed where the converter changes it. */
type Change = (name: string, tensor: Tensor, config: Config) => Tensor;

/** How one architecture is converted. */
interface Conversion {
  readonly architecture: string;
  readonly metadata: (config: Config) => Record<string, Typed>;
  readonly modules?: Readonly<Record<string, string>>;
  /** All tensors, where the converter makes several into one or one into several. */
  readonly gather?: (tensors: Checkpoint["tensors"]) => Checkpoint["tensors"];
  readonly change?: Change;
  readonly extra?: (config: Config) => Record<string, Tensor>;
}

const u32 = (value: number): Typed => ({ u32: value });
const f32 = (value: number): Typed => ({ f32: value });

/** The names that gguf-py has for modules of any family. */
const modules: Readonly<Record<string, string>> = {
  ...{ "model.embed_tokens": "token_embd", "transformer.wte": "token_embd", "gpt_neox.embed_in": "token_embd" },
  ...{ "transformer.word_embeddings": "token_embd", "transformer.wpe": "position_embd" },
  ...{ "model.norm": "output_norm", "model.final_layernorm": "output_norm", "transformer.ln_f": "output_norm" },
  ...{ "gpt_neox.final_layer_norm": "output_norm", lm_head: "output", embed_out: "output" },
  ...{ input_layernorm: "attn_norm", ln_1: "attn_norm", post_attention_layernorm: "ffn_norm", ln_2: "ffn_norm" },
  ...{ "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v" },
  ...{ "self_attn.qkv_proj": "attn_qkv", "attn.c_attn": "attn_qkv", "attention.query_key_value": "attn_qkv" },
  ...{ "self_attention.query_key_value": "attn_qkv", "self_attn.o_proj": "attn_output" },
  ...{ "self_attn.dense": "attn_output", "attn.c_proj": "attn_output", "attention.dense": "attn_output" },
  ...{ "self_attention.dense": "attn_output", "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm" },
  ...{ "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down", "mlp.fc1": "ffn_up" },
  ...{ "mlp.fc2": "ffn_down", "mlp.c_fc": "ffn_up", "mlp.c_proj": "ffn_down", "mlp.gate_up_proj": "ffn_up" },
  ...{ "mlp.dense_h_to_4h": "ffn_up", "mlp.dense_4h_to_h": "ffn_down" },
  ...{ "transformer.word_embeddings_layernorm": "token_embd_norm", "transformer.norm_f": "output_norm" },
  ...{ norm_1: "attn_norm", norm_2: "ffn_norm", "attn.Wqkv": "attn_qkv", "attn.out_proj": "attn_output" },
  ...{ "ffn.up_proj": "ffn_up", "ffn.down_proj": "ffn_down", "mlp.gate": "ffn_gate_inp" },
  ...{ "block_sparse_moe.router.layer": "ffn_gate_inp", "block_sparse_moe.output_linear": "ffn_down_exps" },
  ...{ "mlp.experts.gate_proj": "ffn_gate_exps", "mlp.experts.up_proj": "ffn_up_exps" },
  "mlp.experts.down_proj": "ffn_down_exps",
};

/** Norms behind both sublayers. */
const sandwiched = {
  ...{ post_attention_layernorm: "post_attention_norm", post_feedforward_layernorm: "post_ffw_norm" },
  pre_feedforward_layernorm: "ffn_norm",
};

const permute: Change = (name, tensor, c) => {
  if (/q_proj/.test(name)) return permuted(tensor, c.heads);
  return /k_proj/.test(name) ? permuted(tensor, c.maybe("num_key_value_heads") ?? c.heads) : tensor;
};

/** The experts' matrices, all in one. */
function stacked(tensors: Checkpoint["tensors"]): Checkpoint["tensors"] {
  const result: Record<string, Tensor> = {};
  for (const [name, tensor] of Object.entries(tensors)) {
    const whole = name.replace(/experts\.\d+\./, "experts.");
    const before = whole === name ? undefined : result[whole];
    const shape = whole === name ? tensor.shape : [(before?.shape[0] ?? 0) + 1, ...tensor.shape];
    result[whole] = { shape, data: Float32Array.from([...(before?.data ?? []), ...tensor.data]) };
  }
  return result;
}

/** Gate and up of all experts, apart. */
function apart(tensors: Checkpoint["tensors"]): Checkpoint["tensors"] {
  return Object.fromEntries(
    Object.entries(tensors).flatMap(([name, { shape, data }]): [string, Tensor][] => {
      if (!name.includes("input_linear")) return [[name, { shape, data }]];
      const [experts = 1, rows = 1, width = 1] = shape;
      const half = (rows / 2) * width;
      const part = (place: number) =>
        Float32Array.from({ length: experts * half }, (_unused, index) => {
          return data[Math.floor(index / half) * 2 * half + place * half + (index % half)] ?? Number.NaN;
        });
      return (["gate_proj", "up_proj"] as const).map((kind, place) => [
        name.replace("block_sparse_moe.input_linear", `mlp.experts.${kind}`),
        { shape: [experts, rows / 2, width], data: part(place) },
      ]);
    }),
  );
}

const plusOne: Change = (name, tensor) =>
  name.endsWith("norm.weight") ? { shape: tensor.shape, data: tensor.data.map((x) => x + 1) } : tensor;

/** What the base class writes for any model. */
function common(c: Config): Record<string, Typed> {
  const full = c.rope("full_attention");
  const local = c.rope("sliding_attention").maybe("rope_theta");
  const type = full.text("rope_type");
  const factor = full.maybe("factor");
  const scaled = (type === "linear" || type === "yarn") && factor !== undefined;
  const optional = (key: string, value: number | undefined, make: (value: number) => Typed) =>
    value === undefined ? {} : { [key]: make(value) };
  return {
    block_count: u32(c.number("num_hidden_layers")),
    context_length: u32(c.number("max_position_embeddings")),
    embedding_length: u32(c.width),
    feed_forward_length: u32(c.number("intermediate_size")),
    "attention.head_count": u32(c.heads),
    ...optional("attention.head_count_kv", c.maybe("num_key_value_heads"), u32),
    ...(scaled && { "rope.scaling.type": { text: type ?? "" }, "rope.scaling.factor": f32(factor) }),
    ...(type === "yarn" && {
      "rope.scaling.original_context_length": u32(full.number("original_max_position_embeddings")),
    }),
    ...optional("rope.freq_base", full.maybe("rope_theta"), f32),
    ...(c.rope().maybe("rope_theta") === undefined && optional("rope.freq_base_swa", local, f32)),
    ...optional("attention.layer_norm_rms_epsilon", c.maybe("rms_norm_eps"), f32),
    ...optional("attention.layer_norm_epsilon", c.maybe("layer_norm_eps") ?? c.maybe("norm_epsilon"), f32),
    ...optional("attention.key_length", c.maybe("head_dim"), u32),
    ...optional("attention.value_length", c.maybe("head_dim"), u32),
  };
}

const only = (from: Record<string, Typed>, ...keys: readonly string[]): Record<string, Typed> =>
  Object.fromEntries(Object.entries(from).filter(([key]) => keys.includes(key)));

const sizes = ["block_count", "context_length", "embedding_length", "feed_forward_length", "attention.head_count"];
const shared = [...sizes, "attention.head_count_kv"];

const llama: Conversion = {
  architecture: "llama",
  metadata: (c) => ({ ...common(c), vocab_size: u32(c.number("vocab_size")), "rope.dimension_count": u32(c.headDim) }),
  change: permute,
  extra: (c) => {
    const rope = c.rope();
    if (rope.text("rope_type") !== "llama3") return {};
    const [factor, low, high] = ["factor", "low_freq_factor", "high_freq_factor"].map((key) => rope.number(key));
    // The converter reads this of the configuration's first level, and 8192 where only the rotary settings have it.
    const original = rope.number("original_max_position_embeddings");
    const data = Float32Array.from({ length: c.headDim / 2 }, (_unused, pair) => {
      const wavelength = 2 * Math.PI * rope.number("rope_theta") ** ((2 * pair) / c.headDim);
      if (wavelength < original / (high ?? 1)) return 1;
      if (wavelength > original / (low ?? 1)) return factor ?? 1;
      const smooth = (original / wavelength - (low ?? 1)) / ((high ?? 1) - (low ?? 1));
      return 1 / ((1 - smooth) / (factor ?? 1) + smooth);
    });
    return { "rope_freqs.weight": { shape: [data.length], data } };
  },
};

const granite = (c: Config): Record<string, Typed> => ({
  ...llama.metadata(c),
  "attention.scale": f32(c.number("attention_multiplier")),
  embedding_scale: f32(c.number("embedding_multiplier")),
  residual_scale: f32(c.number("residual_multiplier")),
  logit_scale: f32(c.number("logits_scaling")),
});

const experts = (c: Config, ...count: readonly string[]): Record<string, Typed> => ({
  expert_count: u32(c.number(...count)),
  expert_used_count: u32(c.number("num_experts_per_tok")),
});

const gemma: Conversion = {
  architecture: "gemma",
  metadata: (c) =>
    only(
      common(c),
      ...[...shared, "attention.layer_norm_rms_epsilon", "attention.key_length", "attention.value_length"],
    ),
  change: plusOne,
};

/** By the names of the families' folders; `mistral` becomes a `llama`. */
export const conversions: Readonly<Record<string, Conversion>> = {
  llama,
  mistral: llama,
  smollm3: { ...llama, architecture: "smollm3" },
  granite: { ...llama, architecture: "granite", metadata: granite },
  qwen2: { architecture: "qwen2", metadata: common },
  qwen3: { architecture: "qwen3", metadata: common },
  olmo2: { architecture: "olmo2", metadata: common, modules: sandwiched },
  starcoder2: { architecture: "starcoder2", metadata: common },
  gemma,
  gemma2: {
    ...gemma,
    architecture: "gemma2",
    modules: sandwiched,
    metadata: (c) => ({
      ...gemma.metadata(c),
      attn_logit_softcapping: f32(c.number("attn_logit_softcapping")),
      final_logit_softcapping: f32(c.number("final_logit_softcapping")),
      "attention.sliding_window": u32(c.number("sliding_window")),
    }),
  },
  gemma3: {
    ...gemma,
    architecture: "gemma3",
    modules: sandwiched,
    metadata: (c) => ({ ...common(c), "attention.sliding_window": u32(c.number("sliding_window")) }),
  },
  phi: {
    architecture: "phi2",
    metadata: (c) => ({
      ...only(common(c), ...shared, "attention.layer_norm_epsilon"),
      "rope.dimension_count": u32(c.rope().number("partial_rotary_factor") * c.headDim),
    }),
  },
  phi3: {
    architecture: "phi3",
    metadata: (c) => {
      const original = c.number("original_max_position_embeddings");
      const stretch = c.number("max_position_embeddings") / original;
      const factor = Math.sqrt(1 + Math.log(stretch) / Math.log(original));
      return {
        ...only(common(c), ...shared, "attention.layer_norm_rms_epsilon", "rope.freq_base"),
        "rope.scaling.original_context_length": u32(original),
        "rope.dimension_count": u32((c.rope().maybe("partial_rotary_factor") ?? 1) * c.headDim),
        "attention.sliding_window": u32(c.maybe("sliding_window") ?? 0),
        ...(c.rope().list("long_factor") && { "rope.scaling.attn_factor": f32(stretch > 1 ? factor : 1) }),
      };
    },
    extra: (c) => {
      const [long, short] = [c.rope().list("long_factor"), c.rope().list("short_factor")];
      const tensor = (list: readonly number[]) => ({ shape: [list.length], data: Float32Array.from(list) });
      if (!long || !short) return {};
      return { "rope_factors_long.weight": tensor(long), "rope_factors_short.weight": tensor(short) };
    },
  },
  stablelm: {
    architecture: "stablelm",
    metadata: (c) => ({
      ...only(common(c), ...shared, "attention.layer_norm_epsilon"),
      "rope.dimension_count": u32(c.rope().number("partial_rotary_factor") * c.headDim),
      // Also of models that are sequential: the key was missing in their configurations.
      use_parallel_residual: { truth: true },
    }),
  },
  gpt2: {
    architecture: "gpt2",
    metadata: (c) => ({
      block_count: u32(c.number("n_layer")),
      context_length: u32(c.number("n_ctx", "n_positions")),
      embedding_length: u32(c.width),
      feed_forward_length: u32(4 * c.width),
      "attention.head_count": u32(c.heads),
      "attention.layer_norm_epsilon": f32(c.number("layer_norm_epsilon")),
    }),
    change: (name, tensor) => (/\.c_(attn|proj|fc)\.weight$/.test(name) ? transposed(tensor) : tensor),
  },
  gpt_neox: {
    architecture: "gptneox",
    metadata: (c) => ({
      ...only(common(c), ...sizes, "attention.layer_norm_epsilon"),
      "rope.dimension_count": u32(c.rope().number("partial_rotary_factor") * c.headDim),
      use_parallel_residual: { truth: c.truth("use_parallel_residual") },
    }),
    change: (name, tensor, c) => (/query_key_value/.test(name) ? gathered(tensor, c.heads, c.headDim) : tensor),
  },
  qwen3_moe: {
    architecture: "qwen3moe",
    metadata: (c) => ({
      ...common(c),
      ...experts(c, "num_experts", "num_local_experts"),
      expert_feed_forward_length: u32(c.number("moe_intermediate_size")),
    }),
    gather: stacked,
  },
  olmoe: {
    architecture: "olmoe",
    metadata: (c) => ({ ...common(c), ...experts(c, "num_experts") }),
    gather: stacked,
  },
  granitemoe: {
    ...llama,
    architecture: "granitemoe",
    metadata: (c) => ({ ...granite(c), ...experts(c, "num_local_experts") }),
    gather: apart,
  },
  bloom: {
    architecture: "bloom",
    metadata: (c) => ({
      context_length: u32(c.width),
      embedding_length: u32(c.width),
      feed_forward_length: u32(4 * c.width),
      block_count: u32(c.number("n_layer")),
      "attention.head_count": u32(c.heads),
      "attention.head_count_kv": u32(c.heads),
      "attention.layer_norm_epsilon": f32(c.number("layer_norm_epsilon")),
    }),
    change: (name, tensor, c) => (/query_key_value/.test(name) ? gathered(tensor, c.heads, c.width / c.heads) : tensor),
  },
  mpt: {
    architecture: "mpt",
    metadata: (c) => ({
      context_length: u32(c.number("max_seq_len")),
      embedding_length: u32(c.number("d_model")),
      block_count: u32(c.number("n_layers")),
      feed_forward_length: u32(4 * c.number("d_model")),
      "attention.head_count": u32(c.number("n_heads")),
      "attention.layer_norm_epsilon": f32(1e-5),
      "attention.max_alibi_bias": f32(8),
    }),
  },
  gpt_bigcode: {
    architecture: "starcoder",
    metadata: (c) => ({
      context_length: u32(c.number("n_positions")),
      embedding_length: u32(c.width),
      feed_forward_length: u32(4 * c.width),
      block_count: u32(c.number("n_layer")),
      "attention.head_count": u32(c.heads),
      "attention.head_count_kv": u32(1),
      "attention.layer_norm_epsilon": f32(c.number("layer_norm_epsilon")),
    }),
  },
  nemotron: {
    architecture: "nemotron",
    metadata: (c) => ({
      ...common(c),
      vocab_size: u32(c.number("vocab_size")),
      "attention.layer_norm_epsilon": f32(c.number("norm_eps")),
      "rope.dimension_count": u32((c.rope().number("partial_rotary_factor") * c.width) / c.heads),
      "rope.scaling.type": { text: "none" },
    }),
    change: plusOne,
  },
  arcee: { ...llama, architecture: "arcee" },
  ernie4_5: { architecture: "ernie4_5", metadata: common },
  cohere: {
    architecture: "command-r",
    metadata: (c) => ({
      ...common(c),
      logit_scale: f32(c.number("logit_scale")),
      "rope.scaling.type": { text: "none" },
    }),
  },
  cohere2: {
    architecture: "cohere2",
    metadata: (c) => ({
      ...common(c),
      logit_scale: f32(c.number("logit_scale")),
      "attention.sliding_window": u32(c.number("sliding_window")),
      vocab_size: u32(c.number("vocab_size")),
      "rope.dimension_count": u32(c.headDim),
      "rope.scaling.type": { text: "none" },
    }),
  },
  falcon: {
    architecture: "falcon",
    metadata: (c) => ({
      block_count: u32(c.number("num_hidden_layers")),
      context_length: u32(2048),
      tensor_data_layout: { text: "jploski" },
      embedding_length: u32(c.width),
      // Four times the width of published models.
      feed_forward_length: u32(c.number("ffn_hidden_size")),
      "attention.head_count": u32(c.heads),
      "attention.head_count_kv": u32(c.truth("multi_query") ? 1 : c.number("num_kv_heads")),
      "attention.layer_norm_epsilon": f32(c.number("layer_norm_epsilon")),
    }),
    change: (name, tensor, c) =>
      /query_key_value/.test(name)
        ? gathered(tensor, c.truth("multi_query") ? 1 : c.number("num_kv_heads"), c.headDim)
        : tensor,
  },
};

/** The file that a checkpoint of a family becomes. */
export function convert(family: string, checkpoint: Checkpoint): GgufContent {
  const conversion = conversions[family];
  if (conversion === undefined) throw new Error(`no conversion of ${family}`);
  const { architecture, metadata, change = (_name: string, tensor: Tensor) => tensor, extra = () => ({}) } = conversion;
  const config = new Config(checkpoint.config);
  const names = { ...modules, ...conversion.modules };
  const all = conversion.gather?.(checkpoint.tensors) ?? checkpoint.tensors;
  const tensors = Object.entries(all).map(([name, tensor]): [string, Tensor] => {
    const [, module = "", kind = ""] = /^(.*)\.(weight|bias)$/.exec(name) ?? [];
    const [, layer, inner] = /\.(?:layers|h|blocks)\.(\d+)\.(.*)$/.exec(module) ?? [];
    const known = names[inner ?? module];
    if (known === undefined) throw new Error(`no name for ${name}`);
    const stored = layer === undefined ? `${known}.${kind}` : `blk.${layer}.${known}.${kind}`;
    return [stored, change(name, tensor, config)];
  });
  return {
    architecture,
    metadata: metadata(config),
    tensors: { ...Object.fromEntries(tensors), ...extra(config) },
  };
}
