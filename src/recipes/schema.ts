/** The schema of a recipe: the one source of validation, `--set`, help, documentation and editor completion. */
import { z } from "zod";
import { loopShape, loraSchema, tokenCount } from "./parts.ts";

/** A recipe's and a stage's name: what fits a file name and a `--set` path. */
const nameSchema = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,63}$/, "must be lower-case letters, digits, - and _, beginning with a letter");

const trainSchema = z
  .strictObject({
    feature_maps: z.boolean().default(false).describe("The feature maps of queries and keys"),
    window_factors: z.boolean().default(false).describe("The factor by which each head weighs its window"),
    lora: loraSchema.nullable().default(null).describe("Low-rank adapters on the attention's projections; null: none"),
  })
  .refine((train) => train.feature_maps || train.window_factors || train.lora !== null, {
    error: "names nothing to train: set feature_maps, window_factors or lora",
  });

const stageName = nameSchema.describe("The stage's name in reports and in --set stages.NAME.key=value");

const stageShape = {
  train: trainSchema.describe("The groups of parameters that are trained; all others are frozen"),
  tokens: tokenCount.describe("Tokens to train on: a number, or text such as 300k or 20M"),
  ...loopShape,
  frozen_products: z
    .enum(["float32", "int8"])
    .default("float32")
    .describe("Precision of products with frozen weights: int8 is faster and slightly inexact"),
};

const attentionOutputsStage = z
  .strictObject({
    name: stageName,
    kind: z
      .literal("attention_outputs")
      .describe(
        "Each layer learns the teacher's attention outputs, before the output projection, from the teacher's own inputs",
      ),
    weight: z.number().positive().default(1000).describe("Factor of the mean squared error"),
    attention_weights: z
      .number()
      .nonnegative()
      .default(0)
      .describe("Factor of the cross-entropy between attention weights; 0 leaves it out and saves its memory"),
    updates_per_pass: z
      .int()
      .positive()
      .max(64)
      .default(1)
      .describe("Optimizer steps on what one teacher pass returned, which is kept in memory meanwhile"),
    ...stageShape,
  })
  .describe("Attention transfer");

const nextTokenStage = z
  .strictObject({
    name: stageName,
    kind: z.literal("next_token").describe("The whole model learns to predict the next token"),
    ...stageShape,
  })
  .describe("Finetuning");

/** One stage of training; `kind` says by which loss. */
export const stageSchema = z.discriminatedUnion("kind", [attentionOutputsStage, nextTokenStage]);

/** A stage of a recipe, every key present. */
export type Stage = z.infer<typeof stageSchema>;
/** A stage of attention transfer. */
export type AttentionOutputsStage = z.infer<typeof attentionOutputsStage>;
/** A stage of finetuning. */
export type NextTokenStage = z.infer<typeof nextTokenStage>;

const layersSchema = z.union(
  [
    z.literal("all"),
    z.strictObject({ softmax: z.array(z.int().nonnegative()).min(1).describe("Layers kept as softmax, from 0") }),
  ],
  { error: "must be all, or {softmax: [the layers to keep, from 0]}" },
);

/** A mixer that nobody looks into: what this room knows where the caller brings no schema of mixers. */
export const opaqueMixer = z.record(z.string(), z.unknown());

/**
 * The schema of a recipe whose `mixer` is validated by `mixer`: this room knows no mixers, so the caller brings theirs.
 */
export function recipeSchema<Mixer extends z.ZodType>(mixer: Mixer) {
  return z.strictObject({
    name: nameSchema.describe("The recipe's name"),
    summary: z.string().max(200).default("").describe("One line for `recipes list`"),
    paper: z.url().nullable().default(null).describe("Where the method was published"),
    mixer: mixer.describe("The linear layer that takes the place of softmax attention"),
    layers: layersSchema.default("all").describe("Which layers are converted: all, or {softmax: [kept layers]}"),
    seed: z.int().nonnegative().default(0).describe("Seed of initial values, data order and sampling"),
    stages: z
      .array(stageSchema)
      .max(16)
      .default([])
      .describe("Stages of training, in order")
      .refine((stages) => new Set(stages.map(({ name }) => name)).size === stages.length, {
        error: "two stages have the same name",
      }),
  });
}

/** A validated recipe, every key present; `mixer` as the mixers' schema gives it. */
export type Recipe<Mixer = Record<string, unknown>> = Omit<
  z.infer<ReturnType<typeof recipeSchema<typeof opaqueMixer>>>,
  "mixer"
> & { mixer: Mixer };
