/** Configurations as Hugging Face writes them, read strictly: every key has a meaning, is known to have none here, or is refused. */
import { z } from "zod";
import type { Architecture } from "./architecture.ts";
import type { ActivationName } from "./block.ts";
import { type RopeSpec, ropeSpec } from "./rope/rope.ts";

/** A size. */
export const size = z.number().int().positive();

const activationNames: Readonly<Record<string, ActivationName>> = {
  ...{ silu: "silu", swish: "silu", relu: "relu", relu2: "squaredRelu", quick_gelu: "quickGelu" },
  ...{ gelu: "gelu", gelu_python: "gelu", gelu_new: "geluTanh", gelu_pytorch_tanh: "geluTanh", gelu_fast: "geluTanh" },
};

/** An activation by the name that configurations call it. */
export const activation = z.string().transform((name, context): ActivationName => {
  const known = activationNames[name];
  if (known !== undefined) return known;
  context.addIssue({
    code: "custom",
    message: `"${name}" is not known (known: ${Object.keys(activationNames).join(", ")})`,
  });
  return z.NEVER;
});

/** Keys that change nothing a model computes, words of the given texts, to be spread into a family's shape. */
export const ignored = (...texts: string[]): Record<never, never> =>
  Object.fromEntries(texts.flatMap((text) => text.split(" ")).map((key) => [key, z.unknown().optional()]));

/** The context of models that have no longest sequence. */
export const anyContext = 2 ** 20;

/** [0, ∞], as Python and JSON spell it: step sizes are not limited. */
export const unlimited = z.tuple([
  z.literal(0),
  z.custom((x) => x === Number.POSITIVE_INFINITY || JSON.stringify(x) === '{"__float__":"Infinity"}'),
]);

/** Keys of training, of tokenizers, of code and of records, none of which changes what a model computes. */
const irrelevant: ReadonlySet<string> = new Set([
  ...["architectures", "auto_map", "dtype", "torch_dtype", "transformers_version", "model_type", "subquad"],
  ...["_name_or_path", "name_or_path", "transformers.js_config", "is_llama_config", "unsloth_version"],
  ...["bos_token_id", "eos_token_id", "pad_token_id", "sep_token_id", "cls_token_id", "unk_token_id"],
  ...["attention_dropout", "hidden_dropout", "hidden_dropout_prob", "attention_probs_dropout_prob", "dropout"],
  ...["resid_pdrop", "embd_pdrop", "attn_pdrop", "activation_dropout", "residual_dropout", "embedding_dropout"],
  ...["layerdrop", "classifier_dropout", "initializer_range", "init_std", "use_cache", "output_attentions"],
  ...["output_hidden_states", "return_dict", "torchscript", "gradient_checkpointing", "keys_to_ignore_at_inference"],
  ...["id2label", "label2id", "problem_type", "task_specific_params", "pretraining_tp"],
  ...[
    "cache_implementation",
    "attn_implementation",
    "_attn_implementation",
    "chunk_size_feed_forward",
    "is_encoder_decoder",
  ],
]);

/** Rotary settings under `rope_parameters`, or in the older spelling `rope_theta` with `rope_scaling`. */
export const ropeSettings = z.looseObject({
  rope_type: z.string().optional(),
  type: z.string().optional(),
  rope_theta: z.number().positive().optional(),
  partial_rotary_factor: z.number().gt(0).max(1).optional(),
});

/** The keys of rotary settings, to be spread into a family's shape. */
export const ropeShape = {
  rope_theta: z.number().positive().nullish(),
  rope_scaling: ropeSettings.nullish(),
  rope_parameters: ropeSettings.nullish(),
  partial_rotary_factor: z.number().gt(0).max(1).nullish(),
};

/** Rotary settings, read. */
export type RopeConfig = z.output<z.ZodObject<typeof ropeShape>>;

/** What a configuration says that a model cannot be. */
export class ConfigProblem extends Error {}

/** The rotary positions of heads of `headDim`. Throws a ConfigProblem or ZodError for settings that mean none. */
export function ropeOf(
  config: RopeConfig,
  {
    headDim,
    context,
    theta = 10_000,
    original,
  }: {
    readonly headDim: number;
    readonly context: number;
    /** Where the configuration gives none. */
    readonly theta?: number;
    /** The context before it was stretched, where a key of its own tells it. */
    readonly original?: number | undefined;
  },
): RopeSpec {
  const settings = config.rope_parameters ?? config.rope_scaling ?? {};
  const share = settings.partial_rotary_factor ?? config.partial_rotary_factor ?? 1;
  const dim = Math.floor(headDim * share);
  if (headDim % 2 !== 0) throw new ConfigProblem(`a head of ${headDim} dimensions cannot be rotated`);
  if (dim % 2 !== 0) throw new ConfigProblem(`${dim} of ${headDim} dimensions of a head cannot be rotated`);
  const base = { theta: settings.rope_theta ?? config.rope_theta ?? theta, dim, context, original };
  try {
    return ropeSpec(settings.rope_type ?? settings.type ?? "default", base, settings, headDim);
  } catch (problem) {
    throw new ConfigProblem(`rotary settings: ${explained(problem)}`);
  }
}

/** Sizes of heads that share keys. Throws a ConfigProblem where they do not divide. */
export function headsOf(
  hidden: number,
  heads: number,
  groups: number | null | undefined,
  dim: number | null | undefined,
) {
  const headDim = dim ?? hidden / heads;
  const shared = groups ?? heads;
  if (!Number.isInteger(headDim)) throw new ConfigProblem(`${heads} heads do not divide a width of ${hidden}`);
  if (heads % shared !== 0) throw new ConfigProblem(`${heads} heads cannot share ${shared} key heads`);
  return { heads, groups: shared, headDim };
}

function explained(problem: unknown): string {
  if (problem instanceof z.ZodError)
    return problem.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ");
  return problem instanceof Error ? problem.message : String(problem);
}

/** The keys that a configuration schema knows. */
export function configKeys(schema: z.ZodType<Architecture>): readonly string[] {
  const keys = schema.meta()?.keys;
  return Array.isArray(keys) ? keys.map(String) : [];
}

/** A family's configuration: its keys, and the architecture they describe. */
export function configSchema<Shape extends z.ZodRawShape>(
  shape: Shape,
  describe: (config: z.output<z.ZodObject<Shape>>) => Architecture,
): z.ZodType<Architecture> {
  const schema = z.looseObject(shape).transform((config, context) => {
    // A key without a value asks for nothing.
    const unknown = Object.entries(config).filter(
      ([key, value]) => !(key in shape) && !irrelevant.has(key) && value !== null,
    );
    for (const [key] of unknown)
      context.addIssue({
        code: "custom",
        path: [key],
        message: "this key is not known: what it asks for may be missing",
      });
    if (unknown.length > 0) return z.NEVER;
    try {
      return describe(config as z.output<z.ZodObject<Shape>>);
    } catch (problem) {
      if (!(problem instanceof ConfigProblem)) throw problem;
      context.addIssue({ code: "custom", message: problem.message });
      return z.NEVER;
    }
  });
  return schema.meta({ keys: Object.keys(shape) });
}
