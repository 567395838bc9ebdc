/** docs/families.md, written from the families' files and the schema of a description. */
import {
  type Architecture,
  type Block,
  configKeys,
  type Family,
  familySchema,
  isEncoder,
  knownFamilies,
} from "../../src/families/index.ts";
import { growsWithLength, type MixerSpec } from "../../src/mixers/index.ts";
import { keyRows } from "../../src/recipes/index.ts";
import { code, markdownTable, page } from "./markdown.ts";

const INTRODUCTION = `# Families

*Written by \`npm run docs\` from the files of \`src/families/known/\`: change those, not this page.*

A family is a kind of transformer: how its files spell a configuration and its weights, and which choices its blocks make. All of these load,
generate and convert; layers that read a window only, or a state, stay as they are unless a recipe says \`layers: including_local\`. Loading is
strict: a tensor that is missing, misshapen or used by nothing is an error that names it, and so is a key of the configuration that is not
known. A new family is one file ([adding a family](adding-a-family.md)).`;

const OWN = `## Describe a family yourself

A checkpoint whose \`model_type\` is not in the table may still be made of known blocks, with other names, other numbers or other choices. Then
tell so in a YAML file and give it to any command with \`--family FILE\`; what a conversion writes keeps the description, so that its folder
opens alone. This one makes Llama's blocks into those of StarCoder 2:

\`\`\`yaml
name: my-code-model
model_types: [my_code]
like: llama
config: { hidden_size: width, rms_norm_eps: norm_epsilon }
ignored: [use_cache_quantization]
tensors:
  modules: { up: mlp.c_fc, down: mlp.c_proj }
block:
  norm: { kind: layer, bias: true }
  mlp: { gated: false }
  biases: { qkv: true, output: true, mlp: true }
  attention: { window: 4096 }
\`\`\`

\`subquad inspect MODEL --family FILE\` tells what the description made of it; strict loading names what it misses.`;

/** A configuration of every key that sizes a model, to see what a family makes of it. */
const sample: Readonly<Record<string, unknown>> = {
  ...{ hidden_size: 64, n_embd: 64, num_hidden_layers: 8, n_layer: 8, num_attention_heads: 4, n_head: 4 },
  ...{
    vocab_size: 64,
    intermediate_size: 128,
    ffn_dim: 128,
    rotary_dim: 8,
    sliding_window: 32,
    use_sliding_window: true,
  },
  ...{ num_key_value_heads: 2, num_heads: 8, head_dim: 16, n_groups: 2, state_size: 8, num_experts: 4 },
  ...{
    num_experts_per_tok: 2,
    moe_intermediate_size: 32,
    mamba_n_heads: 8,
    attn_layer_indices: [3],
    time_step_rank: 4,
  },
  ...{ attention_hidden_size: 64, context_length: 128, mamba_d_ssm: 64, mamba_d_head: 8, mamba_n_groups: 2 },
  ...{ shared_expert_intermediate_size: 32, embedding_multiplier: 2, logits_scaling: 2 },
  ...{ d_model: 64, n_layers: 8, n_heads: 4, dim: 64, hidden_dim: 128 },
};

function architectureOf({ config }: Family): Architecture {
  const keys = configKeys(config);
  const given = Object.fromEntries(Object.entries(sample).filter(([key]) => keys.includes(key)));
  const { error } = config.safeParse(given);
  // What a family refuses, it has no choice of.
  for (const { path } of error?.issues ?? []) delete given[String(path[0])];
  return config.parse(given);
}

/** Distinct texts of blocks, joined. */
const ofBlocks = ({ blocks }: Architecture, text: (block: Block) => string): string =>
  [...new Set(blocks.map(text).filter((each) => each !== ""))].join("; ");

/** A layer's mixers; some have two, side by side. */
const mixing = ({ mixer, beside }: Block): string =>
  [mixer, ...(beside ? [beside.mixer] : [])].map(called).join(" beside ");

function called(mixer: MixerSpec): string {
  if (mixer.state !== undefined) return `${mixer.state.decay.kind} ${mixer.state.write.kind} state`;
  const cap = mixer.cap === undefined ? "" : ", capped scores";
  return `${growsWithLength(mixer) ? "softmax" : "softmax in a window"}${cap}`;
}

function positions({ ropes, blocks, embedding }: Architecture): string {
  const turning = blocks.map(({ rope, mixer: { window } }) => {
    const settings = ropes[rope];
    const share = settings === undefined ? 0 : settings.frequencies.inverse.length / settings.pairs;
    if (window !== undefined && "decay" in window && window.decay !== undefined) return "slopes";
    if (share === 0) return embedding.positions === undefined ? "none" : "";
    return share === 1 ? "rotary" : `rotary, ${Math.round(100 * share)} %`;
  });
  const learned = embedding.positions === undefined ? [] : ["learned"];
  return [...learned, ...new Set(turning.filter((text) => text !== ""))].join("; ");
}

function norms({ norm, norms: places, headNorms }: Block): string {
  const kind = norm.kind === "rms" ? "RMS" : "layer";
  const heads = headNorms === "none" ? "" : ", of queries and keys";
  return `${kind}${norm.offset === 0 ? "" : " + 1"}, ${places.join(" and ")}${heads}`;
}

function mlp({ mlp: own, residual }: Block): string {
  if (own === undefined) return "";
  const shape = own.experts ? "experts" : own.gated ? "gated" : "plain";
  return `${shape} ${own.activation}${residual === "sequential" ? "" : `, ${residual}`}`;
}

/** The page. */
export async function familiesPage(): Promise<string> {
  const families = await knownFamilies();
  const rows = families.map((family) => {
    const architecture = architectureOf(family);
    return [
      family.name,
      family.modelTypes.map(code).join(", "),
      family.gguf === undefined ? "–" : code(family.gguf.architecture),
      ofBlocks(architecture, mixing) + (isEncoder(architecture) ? ", both ways" : ""),
      positions(architecture),
      ofBlocks(architecture, norms),
      ofBlocks(architecture, mlp) || "–",
    ];
  });
  const keys = keyRows(familySchema).map(({ path, type, fallback, description }) => [
    code(path),
    type,
    fallback === "required" || fallback === "" ? fallback : code(fallback),
    description,
  ]);
  return page(
    INTRODUCTION,
    "## What is known",
    markdownTable(["family", "`model_type`", "GGUF", "tokens are mixed by", "positions", "norms", "MLP"], rows),
    "GGUF files of Mistral call themselves `llama`. What a family has by its configuration's defaults is shown; many choices are keys of it.",
    OWN,
    markdownTable(["key", "type", "default", "meaning"], keys),
  );
}
