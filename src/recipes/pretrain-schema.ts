/** The schema of a recipe that trains a small Llama from nothing. */
import { z } from "zod";
import { loopShape, tokenCount } from "./parts.ts";

const size = z
  .int()
  .positive()
  .max(1 << 20);

const architectureSchema = z
  .strictObject({
    vocabulary: size.describe("Tokens of the vocabulary"),
    hidden: size.describe("Width of the residual stream"),
    intermediate: size.describe("Width of the gated MLP"),
    layers: z.int().positive().max(1024).describe("Number of blocks"),
    heads: z.int().positive().max(1024).describe("Query heads"),
    kv_heads: z.int().positive().max(1024).describe("Key and value heads; divides heads"),
    head_dim: z.int().positive().max(1024).multipleOf(2).describe("Width of a head; even, for rotary positions"),
    context: size.describe("Longest sequence the model is meant for"),
    rope_theta: z.number().positive().default(10000).describe("Base of the rotary frequencies"),
    norm_epsilon: z.number().positive().default(1e-5).describe("Added to the mean square in RMSNorm"),
    tied_embeddings: z.boolean().default(true).describe("The output head shares the embedding's weights"),
  })
  .refine((sizes) => sizes.heads % sizes.kv_heads === 0, {
    error: "heads must be a multiple of kv_heads",
    path: ["kv_heads"],
  });

/** How the built-in corpus is drawn for one stage: documents as long as the stage's sequences. */
const corpusSchema = z.strictObject({
  book_share: z.number().min(0).max(1).default(0.35).describe("Share of documents that are plain passages of a book"),
  drill_share: z
    .number()
    .min(0)
    .max(1)
    .default(0.3)
    .describe("Share of the generated episodes that are dense repetition, from which copying is learned first"),
});

/** One stage of pretraining: all go on with the same weights and optimizer. */
const pretrainStageSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9_-]{0,63}$/)
    .describe("The stage's name in reports and in --set stages.NAME.key=value"),
  tokens: tokenCount.describe("Tokens to train on: a number, or text such as 300k or 20M"),
  ...loopShape,
  corpus: corpusSchema.prefault({}).describe("How the built-in corpus is drawn; other texts take no notice of it"),
});

/** A recipe of `pretrain`. */
export const pretrainSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9_-]{0,63}$/)
    .describe("The recipe's name"),
  summary: z.string().max(200).default("").describe("One line for `recipes list`"),
  architecture: architectureSchema.describe("Sizes of the Llama-shaped model"),
  initial_deviation: z.number().positive().default(0.02).describe("Standard deviation of the first weights"),
  start: z
    .enum(["random", "copying"])
    .default("random")
    .describe("First weights: random numbers alone, or with a circuit that copies laid out in them"),
  window: z
    .int()
    .positive()
    .nullable()
    .default(null)
    .describe("Newest keys a token sees, for twins without long context; null: all"),
  text: z
    .array(z.string().min(1))
    .min(1)
    .default(["built-in"])
    .describe("Text files or folders to train on; `built-in` is the generated corpus over the built-in texts"),
  stages: z
    .array(pretrainStageSchema)
    .min(1)
    .max(16)
    .describe("Stages of training, in order: a curriculum of lengths")
    .refine((stages) => new Set(stages.map(({ name }) => name)).size === stages.length, {
      error: "two stages have the same name",
    }),
  seed: z.int().nonnegative().default(0).describe("Seed of initial values and data order"),
});

/** One stage of pretraining, every key present. */
export type PretrainStage = z.infer<typeof pretrainStageSchema>;

/** A validated recipe of `pretrain`, every key present. */
export type PretrainRecipe = z.infer<typeof pretrainSchema>;
