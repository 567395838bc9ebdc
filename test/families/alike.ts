/** Further families whose blocks, for some configurations, are those of a known one: the same file as either would have it. */
import type { Weight } from "../../src/model/weights.ts";
import type { StoredValues } from "../formats/memory-tensors.ts";
import { published } from "./published.ts";

type Config = Readonly<Record<string, unknown>>;

/** A row. */
export interface Alike {
  readonly modelType: string;
  /** What differs from the published configuration. */
  readonly config?: Config;
  /** Makes a file into one of which a known family's blocks are capable. */
  readonly change?: (file: StoredValues) => StoredValues;
  readonly known: string;
  readonly knownConfig: Config;
  /** The file as the known family has it. */
  readonly as: (file: StoredValues) => StoredValues;
}

/** A weight as another part of the same file, or as several. */
type Change = (name: string, weight: Weight, file: StoredValues) => readonly (readonly [string, Weight])[];

const changed =
  (change: Change) =>
  (file: StoredValues): StoredValues =>
    new Map([...file].flatMap(([name, weight]) => change(name, weight, file)));

/** Texts in names, by those that stand there instead. */
const renaming = (texts: Readonly<Record<string, string>>): ((file: StoredValues) => StoredValues) =>
  changed((name, weight) => [
    [Object.entries(texts).reduce((text, [from, to]) => text.replace(from, to), name), weight] as const,
  ]);

const config = (modelType: string, more: Config = {}, ...without: string[]): Config =>
  Object.fromEntries(
    Object.entries({ ...published[modelType]?.config, ...more }).filter(([key]) => !without.includes(key)),
  );

const count = (size: number, first = 0) => Array.from({ length: size }, (_unused, index) => first + index);

/** The given rows of a matrix, or numbers of a vector. */
function rows({ shape: [all = 1, ...rest], data }: Weight, chosen: readonly number[]): Weight {
  const width = data.length / all;
  const values = chosen.flatMap((row) => [...data.subarray(row * width, (row + 1) * width)]);
  return { dtype: "float32", shape: [chosen.length, ...rest], data: Float32Array.from(values) };
}

function transposed({ shape: [height = 1, width = 1], data }: Weight): Weight {
  const values = Float32Array.from(
    data,
    (_unused, place) => data[(place % height) * width + Math.floor(place / height)] ?? 0,
  );
  return { dtype: "float32", shape: [width, height], data: values };
}

/** Matrices side by side or one below the other. */
const below = (...parts: readonly Weight[]): Weight => ({
  dtype: "float32",
  shape: [parts.reduce((sum, { shape: [height = 1] }) => sum + height, 0), ...(parts[0]?.shape.slice(1) ?? [])],
  data: Float32Array.from(parts.flatMap(({ data }) => [...data])),
});
const beside = (...parts: readonly Weight[]): Weight => transposed(below(...parts.map(transposed)));

const mapped = (weight: Weight, each: (x: number) => number): Weight => ({ ...weight, data: weight.data.map(each) });

const of = (file: StoredValues, name: string): Weight => {
  const found = file.get(name);
  if (found === undefined) throw new Error(`no tensor "${name}"`);
  return found;
};

/** Queries and keys whose rotary pairs stand side by side, as ones whose pairs stand half of the rotated rows apart. */
const apart = (headDim: number, rotated = headDim): ((file: StoredValues) => StoredValues) =>
  changed((name, weight) => {
    if (!/\.[qk]_proj\./.test(name)) return [[name, weight]];
    const order = (row: number) => (row >= rotated ? row : row < rotated / 2 ? 2 * row : 2 * row - rotated + 1);
    const [height = 1] = weight.shape;
    const chosen = count(height).map((row) => row - (row % headDim) + order(row % headDim));
    return [[name, rows(weight, chosen)]];
  });

/** Every expert is the first: whatever is chosen, shares of one make it whole. */
const alikeExperts = changed((name, _weight, file) => [[name, of(file, name.replace(/experts\.\d+/, "experts.0"))]]);

/** The first expert as the only MLP; routers are left out. */
const oneExpert = (router: RegExp, texts: Readonly<Record<string, string>>) => (file: StoredValues) =>
  renaming(texts)(new Map([...file].filter(([name]) => !router.test(name) && !/experts\.[1-9]/.test(name))));

/** Experts in one tensor, all alike. */
const alikeInOne = changed((name, weight) => {
  const first = weight.data.subarray(0, weight.data.length / 4);
  return [
    [
      name,
      weight.shape.length === 3
        ? { ...weight, data: weight.data.map((_x, at) => first[at % first.length] ?? 0) }
        : weight,
    ],
  ];
});

/** The first of four experts of a tensor, and of it the given rows. */
const ofFirst = ({ shape: [experts = 1, height = 1, width = 1], data }: Weight, chosen: readonly number[]): Weight =>
  rows({ dtype: "float32", shape: [experts * height, width], data }, chosen);

/** Experts that are all alike, and beside them the shared one, which a router of zeros lets through by half, as one MLP. */
const withShared = changed((name, weight, file) => {
  const [, prefix = "", matrix = ""] = /^(.*mlp\.)experts\.0\.(\w+)\.weight$/.exec(name) ?? [];
  if (matrix === "") return /mlp\.(experts|shared_expert|gate\.)/.test(name) ? [] : [[name, weight]];
  const shared = of(file, `${prefix}shared_expert.${matrix}.weight`);
  const whole =
    matrix === "down_proj"
      ? beside(
          weight,
          mapped(shared, (x) => x / 2),
        )
      : below(weight, shared);
  return [[`${prefix}${matrix}.weight`, whole]];
});

const gptMatrices = /\.(c_attn|c_proj|c_fc)\.weight$/;

const bertNames = {
  ...{
    "roberta.": "bert.",
    "lm_head.dense": "cls.predictions.transform.dense",
    "lm_head.bias": "cls.predictions.bias",
  },
  "lm_head.layer_norm": "cls.predictions.transform.LayerNorm",
  ...{ "distilbert.embeddings": "bert.embeddings", "distilbert.transformer": "bert.encoder" },
  ...{ "attention.q_lin": "attention.self.query", "attention.k_lin": "attention.self.key" },
  ...{ "attention.v_lin": "attention.self.value", "attention.out_lin": "attention.output.dense" },
  ...{ sa_layer_norm: "attention.output.LayerNorm", "ffn.lin1": "intermediate.dense", "ffn.lin2": "output.dense" },
  ...{ output_layer_norm: "output.LayerNorm", vocab_transform: "cls.predictions.transform.dense" },
  ...{ vocab_layer_norm: "cls.predictions.transform.LayerNorm", "vocab_projector.bias": "cls.predictions.bias" },
};

const experts = [
  "num_local_experts",
  "num_experts",
  "num_experts_per_tok",
  "output_router_logits",
  "router_aux_loss_coef",
];
const qwenExperts = [...experts, "decoder_sparse_step", "mlp_only_layers", "moe_intermediate_size", "norm_topk_prob"];

/** The rows. */
export const alike: readonly Alike[] = [
  { modelType: "helium", known: "llama", knownConfig: config("helium"), as: apart(8) },
  {
    modelType: "ernie4_5",
    known: "llama",
    knownConfig: config("ernie4_5", {}, "use_bias", "compression_ratio"),
    as: apart(16),
  },
  {
    modelType: "glm",
    known: "qwen2",
    knownConfig: config("glm", {}, "attention_bias"),
    as: (file) =>
      changed((name, weight) =>
        name.includes("gate_up_proj")
          ? [
              [name.replace("gate_up", "gate"), rows(weight, count(24))],
              [name.replace("gate_up", "up"), rows(weight, count(24, 24))],
            ]
          : [[name, weight]],
      )(apart(16, 8)(file)),
  },
  {
    modelType: "seed_oss",
    known: "qwen2",
    knownConfig: config("seed_oss", {}, "attention_bias", "attention_out_bias", "mlp_bias"),
    as: (file) => file,
  },
  {
    modelType: "mixtral",
    change: alikeExperts,
    known: "mistral",
    knownConfig: config("mixtral", {}, ...experts),
    as: oneExpert(/moe\.gate\./, {
      ...{ "block_sparse_moe.experts.0.w1": "mlp.gate_proj", "block_sparse_moe.experts.0.w2": "mlp.down_proj" },
      "block_sparse_moe.experts.0.w3": "mlp.up_proj",
    }),
  },
  {
    modelType: "qwen3_moe",
    config: { mlp_only_layers: [] },
    change: alikeExperts,
    known: "qwen3",
    knownConfig: config("qwen3_moe", { intermediate_size: 12 }, ...qwenExperts),
    as: oneExpert(/mlp\.gate\./, { "experts.0.": "" }),
  },
  {
    modelType: "qwen2_moe",
    config: { norm_topk_prob: true },
    change: (file) =>
      changed((name, weight) => [[name, name.includes("shared_expert_gate") ? mapped(weight, () => 0) : weight]])(
        alikeExperts(file),
      ),
    known: "qwen2",
    knownConfig: config("qwen2_moe", { intermediate_size: 32 }, ...qwenExperts, "shared_expert_intermediate_size"),
    as: withShared,
  },
  {
    modelType: "granitemoe",
    change: alikeInOne,
    known: "granite",
    knownConfig: config("granitemoe", {}, ...experts),
    as: changed((name, weight) => {
      const to = (matrix: string) => name.replace(/block_sparse_moe\..*/, `mlp.${matrix}.weight`);
      if (name.includes("router")) return [];
      if (name.includes("output_linear")) return [[to("down_proj"), ofFirst(weight, count(32))]];
      if (!name.includes("input_linear")) return [[name, weight]];
      return [
        [to("gate_proj"), ofFirst(weight, count(24))],
        [to("up_proj"), ofFirst(weight, count(24, 24))],
      ];
    }),
  },
  {
    modelType: "gpt_bigcode",
    known: "gpt2",
    knownConfig: Object.fromEntries(
      Object.entries(config("gpt_bigcode")).filter(([key]) => /^(n_|vocab|layer_norm|activation_f)/.test(key)),
    ),
    as: changed((name, weight) => {
      const [keys, values] = [count(8, 32), count(8, 40)];
      const heads = [...count(32), ...count(4).flatMap(() => keys), ...count(4).flatMap(() => values)];
      const whole = name.includes("c_attn") ? rows(weight, heads) : weight;
      return [[name, gptMatrices.test(name) ? transposed(whole) : whole]];
    }),
  },
  {
    modelType: "codegen",
    known: "gptj",
    knownConfig: config("codegen", {}, "n_ctx"),
    as: changed((name, weight) => {
      if (!name.includes("qkv_proj")) return [[name, weight]];
      return (["q_proj", "v_proj", "k_proj"] as const).map((part, place) => {
        const ofBlocks = count(4).flatMap((block) => count(8, 24 * block + 8 * place));
        return [name.replace("qkv_proj", part), rows(weight, ofBlocks)] as const;
      });
    }),
  },
  {
    modelType: "nemotron",
    known: "starcoder2",
    knownConfig: config("nemotron", { norm_epsilon: 1e-5, use_bias: false }, "norm_eps", "attention_bias", "mlp_bias"),
    as: (file) =>
      renaming({ up_proj: "c_fc", down_proj: "c_proj" })(
        changed((name, weight) => [[name, /norm\.weight$/.test(name) ? mapped(weight, (x) => x + 1) : weight]])(file),
      ),
  },
  {
    modelType: "roberta",
    known: "bert",
    knownConfig: config("roberta", { max_position_embeddings: 64 }),
    as: (file) =>
      renaming(bertNames)(
        changed((name, weight) => [[name, name.includes("position_") ? rows(weight, count(64, 2)) : weight]])(file),
      ),
  },
  {
    modelType: "distilbert",
    known: "bert",
    knownConfig: {
      ...{ vocab_size: 61, hidden_size: 32, intermediate_size: 24, num_hidden_layers: 2, num_attention_heads: 4 },
      ...{ max_position_embeddings: 64, type_vocab_size: 1 },
    },
    as: (file) =>
      new Map([
        ...renaming(bertNames)(file),
        [
          "bert.embeddings.token_type_embeddings.weight",
          { dtype: "float32", shape: [1, 32], data: new Float32Array(32) },
        ],
      ]),
  },
];
