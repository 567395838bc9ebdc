/** Families that users describe: a known one with other names, other values and other choices. */
import { z } from "zod";
import type { Architecture } from "./architecture.ts";
import { attention } from "./attention.ts";
import type { Block, Matrix, NormRole } from "./block.ts";
import { activation } from "./config.ts";
import type { Family, TensorNames } from "./family.ts";
import { layerNames, modelNames } from "./names.ts";

const name = z.string().min(1);
const matrices = [
  "queries",
  "keys",
  "values",
  "outputGate",
  "output",
  "gate",
  "up",
  "down",
] as const satisfies Matrix[];
const norms = [
  ...(["attentionNorm", "attentionOutputNorm", "attentionStreamNorm", "queriesNorm", "keysNorm"] as const),
  ...(["mlpNorm", "mlpOutputNorm", "mlpStreamNorm"] as const),
] as const satisfies NormRole[];
const ends = [
  ...(["embedding", "positions", "segments", "embeddingNorm", "finalNorm", "transform", "transformNorm"] as const),
  "head",
] as const;

/** Something for each of some names. */
const byName = <Name extends string, Schema extends z.ZodType>(names: readonly Name[], schema: Schema) =>
  z.strictObject(
    Object.fromEntries(names.map((each) => [each, schema.optional()])) as Record<Name, z.ZodOptional<Schema>>,
  );

const normSchema = z.strictObject({
  kind: z.enum(["rms", "layer"]).optional().describe("By the root mean square, or by mean and deviation"),
  epsilon: z.number().positive().optional(),
  offset: z.number().optional().describe("Added to the stored scale"),
  bias: z.boolean().optional(),
  scale: z.boolean().optional().describe("Whether a learned scale multiplies what was normalized"),
});

const tensorsSchema = z.strictObject({
  prefix: name.optional().describe("What stands before the modules of a block; {layer} is its number"),
  modules: byName([...matrices, ...norms], name)
    .default({})
    .describe("Modules of a block: names without weight and bias; those that share one are parts of its tensor"),
  model: byName(ends, name).default({}).describe("Modules outside the blocks"),
  redundant: z.array(name).default([]).describe("Tensors to pass over; * stands for anything"),
  transposed: z.boolean().optional().describe("Whether matrices are stored [in, out]"),
  rotary: z.enum(["half", "adjacent"]).optional().describe("Which rows of a head make a rotary pair"),
  turns: byName(matrices, z.enum(["heads", "groups"]))
    .optional()
    .describe("Of fused tensors, by their first role: parts take turns for each head or group"),
});

const blockSchema = z.strictObject({
  norms: z
    .array(z.enum(["before", "output", "stream"]))
    .optional()
    .describe("Where norms stand"),
  norm: normSchema.optional(),
  head_norms: z
    .enum(["none", "head", "heads", "whole"])
    .optional()
    .describe("Norms of queries and keys: of each head, of each by a scale of its own, or of all side by side"),
  residual: z.enum(["sequential", "parallel", "shared"]).optional(),
  biases: z.strictObject({ qkv: z.boolean(), output: z.boolean(), mlp: z.boolean() }).partial().optional(),
  factors: byName(matrices, z.number()).optional().describe("Factors of projections' products"),
  mlp: z.strictObject({ gated: z.boolean(), activation }).partial().optional(),
  attention: z
    .strictObject({
      window: z.number().int().positive(),
      scale: z.number().positive(),
      cap: z.number().positive(),
      rotary: z.boolean(),
      alibi: z.number().positive().describe("Factor of the slopes by which distances lower scores"),
    })
    .partial()
    .optional(),
});

/** The schema of a family's description. */
export const familySchema = z.strictObject({
  name: name.describe("What the family is called"),
  model_types: z.array(name).min(1).describe("Values of model_type that belong to it"),
  like: name.describe("The known family that it is a variation of"),
  config: z.record(name, name).default({}).describe("Keys of its configuration, by those of the known family"),
  values: z
    .record(name, z.json())
    .default({})
    .describe("Values of the known family's keys that its configuration lacks"),
  ignored: z.array(name).default([]).describe("Keys that change nothing it computes"),
  tensors: tensorsSchema.prefault({}),
  block: blockSchema.default({}).describe("Choices of every block that differ from the known family's"),
  embedding_scale: z.number().optional(),
  head: z
    .strictObject({ scale: z.number(), bias: z.boolean(), cap: z.number().positive() })
    .partial()
    .optional()
    .describe("From the last stream to logits"),
});

/** A family's description, checked. */
export type FamilyDescription = z.output<typeof familySchema>;

/** The family that a description makes of the known one; `written` is what was checked, to be kept. */
export function customFamily(description: FamilyDescription, known: Family, written: unknown): Family {
  return {
    name: description.name,
    modelTypes: description.model_types,
    config: z.looseObject({}).transform((config, context) => {
      const parsed = known.config.safeParse(renamed(config, description));
      if (parsed.success) return { ...changed(parsed.data, description), family: description.name };
      for (const { path, message } of parsed.error.issues) context.addIssue({ code: "custom", path, message });
      return z.NEVER;
    }),
    tensors: renamedTensors(known.tensors, description),
    description: written,
  };
}

/** A configuration under the known family's keys. */
function renamed(config: Readonly<Record<string, unknown>>, { config: keys, values, ignored }: FamilyDescription) {
  const own: Record<string, unknown> = { ...config };
  for (const key of [...ignored, ...Object.values(keys)]) delete own[key];
  for (const [theirs, ours] of Object.entries(keys)) if (config[ours] !== undefined) own[theirs] = config[ours];
  return { ...values, ...own };
}

/** Without keys that are undefined. */
const given = <T extends object>(choices: T): { [Key in keyof T]: Exclude<T[Key], undefined> } =>
  Object.fromEntries(Object.entries(choices).filter(([, value]) => value !== undefined)) as never;

function changed(architecture: Architecture, { block, embedding_scale, head }: FamilyDescription): Architecture {
  const { norm, biases, mlp, attention: choices, head_norms, ...others } = block;
  const own = (each: Block): Block => ({
    ...each,
    ...given(others as Partial<Block>),
    ...(head_norms && { headNorms: head_norms }),
    norm: { ...each.norm, ...given(norm ?? {}) },
    biases: { ...each.biases, ...given(biases ?? {}) },
    ...(each.mlp && { mlp: { ...each.mlp, ...given(mlp ?? {}) } }),
    ...(choices && { mixer: attention(given(choices)) }),
  });
  return {
    ...architecture,
    blocks: architecture.blocks.map(own),
    ...(architecture.norm && { norm: { ...architecture.norm, ...given(norm ?? {}) } }),
    embedding: { ...architecture.embedding, ...(embedding_scale !== undefined && { scale: embedding_scale }) },
    head: { ...architecture.head, ...given(head ?? {}) },
  };
}

function renamedTensors(known: TensorNames, { tensors }: FamilyDescription): TensorNames {
  const { prefix = "model.layers.{layer}.", modules, model, redundant, ...others } = tensors;
  return {
    ...known,
    model: { ...known.model, ...modelNames(given(model)) },
    layer: { ...known.layer, ...layerNames(prefix, given(modules)) },
    redundant: [...known.redundant, ...redundant.map(pattern)],
    ...given(others as Partial<TensorNames>),
  };
}

/** The names that a text with * for anything stands for. */
function pattern(text: string): RegExp {
  return new RegExp(
    `^${text
      .split("*")
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
      .join(".*")}$`,
  );
}
