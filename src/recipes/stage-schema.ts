/** The stages of a recipe: what learns, from which loss, fed by which states, for how long. */
import { z } from "zod";
import { loopShape, loraSchema, tokenCount } from "./parts.ts";

/** A recipe's and a stage's name: what fits a file name and a `--set` path. */
export const nameSchema = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,63}$/, "must be lower-case letters, digits, - and _, beginning with a letter");

/** The weights of the teacher that a stage may train, by what they are in a block or at the model's ends. */
export const weightGroups = ["queries", "keys", "values", "output", "mlp", "norms", "embedding", "head"] as const;

const trainSchema = z
  .strictObject({
    mixer: z
      .union([z.literal("all"), z.array(z.string())], { error: "must be all, or a list of the mixer's axes" })
      .default([])
      .describe("The mixer's parameters: all, or by their axis, such as [featureMap, decay, mix]"),
    mixer_rate: z.number().positive().default(1).describe("Factor of the learning rate for the mixer's parameters"),
    lora: loraSchema.nullable().default(null).describe("Low-rank adapters on the attention's projections; null: none"),
    weights: z
      .union([z.literal("all"), z.array(z.enum(weightGroups))], {
        error: `must be all, or a list of ${weightGroups.join(", ")}`,
      })
      .default([])
      .describe("The model's own weights; in stages of kind layerwise, those of its blocks"),
  })
  .refine((train) => train.mixer.length > 0 || train.lora !== null || train.weights.length > 0, {
    error: "names nothing to train: set mixer, lora or weights",
  });

const stageShape = {
  mixer: z
    .record(z.string(), z.unknown())
    .nullable()
    .default(null)
    .describe("Changes to the mixer for this stage alone (null takes an axis away); parameters keep their names"),
  train: trainSchema.describe("The groups of parameters that are trained; all others are frozen"),
  tokens: tokenCount.describe("Tokens to train on: a number, or text such as 300k or 20M"),
  ...loopShape,
  frozen_products: z
    .enum(["float32", "int8"])
    .default("float32")
    .describe("Precision of products with frozen weights: int8 is faster and slightly inexact"),
};

const stageName = nameSchema.describe("The stage's name in reports and in --set stages.NAME.key=value");
const factor = z.number().nonnegative().default(0);

const someLoss = {
  check: (loss: Readonly<Record<string, number>>) => Object.values(loss).some((weight) => weight > 0),
  error: "counts nothing: give one of its terms a factor above 0",
};

const layerwiseStage = z
  .strictObject({
    name: stageName,
    kind: z.literal("layerwise").describe("Each layer learns apart, with no backward pass across blocks"),
    inputs: z
      .enum(["teacher", "student"])
      .default("teacher")
      .describe("Whose hidden states a layer reads: the teacher's own, or what the student's layers before it made"),
    loss: z
      .strictObject({
        attention_outputs: factor.describe("Squared error of the heads' outputs, before the output projection"),
        attention_weights: factor.describe("Cross-entropy between attention weights; its memory is quadratic"),
        mixer_outputs: factor.describe("Squared error of the layer's output, after the output projection"),
        hidden_states: factor.describe("Squared error of the stream after the block"),
        salience: factor.describe(
          "Squared error between what a window's tokens are worth keeping and the logarithm of the weight that the teacher gives them from beyond the window; its memory is quadratic",
        ),
      })
      .refine(someLoss.check, { error: someLoss.error })
      .describe("Factors of the terms that are summed; means over all elements and layers"),
    updates_per_pass: z
      .int()
      .positive()
      .max(64)
      .default(1)
      .describe("Optimizer steps on what one teacher pass returned, which is kept in memory meanwhile"),
    layers_at_once: z
      .int()
      .positive()
      .nullable()
      .default(null)
      .describe("Layers that learn together, group after group, each for all tokens; null: all at once"),
    ...stageShape,
  })
  .describe("Attention transfer and its relatives");

const endToEndStage = z
  .strictObject({
    name: stageName,
    kind: z.literal("end_to_end").describe("The whole student learns, with a backward pass through all blocks"),
    loss: z
      .strictObject({
        next_token: factor.describe("Cross-entropy of the next token"),
        logits: factor.describe("Divergence of the student's next-token chances from the teacher's"),
        temperature: z.number().positive().default(1).describe("Temperature of the chances in `logits`"),
      })
      .refine(({ next_token, logits }) => someLoss.check({ next_token, logits }), { error: someLoss.error })
      .prefault({ next_token: 1 })
      .describe("Factors of the terms that are summed; means over tokens"),
    window_dropout: z
      .array(z.number().min(0).max(1))
      .max(16)
      .default([])
      .describe("Chances that a step has no softmax window, for equal parts of the stage in order; empty: never"),
    ...stageShape,
  })
  .describe("Finetuning");

/** One stage of training; `kind` says how far its gradients reach. */
export const stageSchema = z.discriminatedUnion("kind", [layerwiseStage, endToEndStage]);

/** A stage of a recipe, every key present. */
export type Stage = z.infer<typeof stageSchema>;
/** A stage in which every layer learns apart. */
export type LayerwiseStage = z.infer<typeof layerwiseStage>;
/** A stage with a backward pass through all blocks. */
export type EndToEndStage = z.infer<typeof endToEndStage>;
