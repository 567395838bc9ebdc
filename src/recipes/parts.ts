/** The parts that recipes share: optimizer, learning-rate schedule and low-rank adapters, as schemas with a description on every key. */
import { z } from "zod";
import { COUNT, parseTokenCount } from "./token-count.ts";

const WRITING = "must be a number of tokens such as 300000, 300k or 1M";

/** A positive count in a recipe: a whole number, or text such as 300k or 1M. */
export const tokenCount = z
  .union([z.int().positive(), z.string().regex(COUNT, WRITING)], { error: WRITING })
  .transform((value, context) => {
    const count = typeof value === "number" ? value : parseTokenCount(value);
    if (count !== undefined && count > 0) return count;
    context.addIssue("must be a whole number of tokens above zero");
    return z.NEVER;
  });

/** The optimizer; its learning rate stands beside it, in the stage. */
export const optimizerSchema = z.strictObject({
  kind: z.literal("adamw").default("adamw").describe("AdamW: decoupled weight decay"),
  betas: z
    .tuple([z.number().min(0).lt(1), z.number().min(0).lt(1)])
    .default([0.9, 0.999])
    .describe("Decay of the running means of the gradient and of its square"),
  weight_decay: z.number().nonnegative().default(0).describe("Decoupled weight decay"),
  epsilon: z.number().positive().default(1e-8).describe("Added to the root of the second moment"),
});

const warmup = z.int().nonnegative().default(0).describe("Optimizer steps of linear warm-up from zero");

/** The course of the learning rate. */
export const scheduleSchema = z.discriminatedUnion("kind", [
  z
    .strictObject({
      kind: z.literal("plateau").describe("Lower the rate when the held-out loss stops falling"),
      factor: z.number().gt(0).lt(1).default(0.1).describe("What the rate is multiplied by"),
      patience: z.int().nonnegative().default(10).describe("Evaluations without improvement before it is lowered"),
      minimum: z.number().nonnegative().default(1e-5).describe("The lowest learning rate"),
      warmup,
    })
    .describe("ReduceLROnPlateau, stepped after each evaluation"),
  z
    .strictObject({
      kind: z.literal("cosine").describe("Half a cosine from the learning rate to the minimum"),
      minimum: z.number().nonnegative().default(0).describe("The learning rate at the end"),
      warmup,
    })
    .describe("Cosine decay over the stage"),
  z
    .strictObject({
      kind: z.literal("constant").describe("The learning rate as it is"),
      warmup,
    })
    .describe("No decay"),
]);

/** Low-rank adapters on frozen projections. */
export const loraSchema = z.strictObject({
  rank: z.int().positive().max(1024).default(8).describe("Rank of the update"),
  alpha: z.number().positive().default(16).describe("The update is scaled by alpha / rank"),
  targets: z
    .array(z.enum(["q", "k", "v", "o"]))
    .min(1)
    .default(["q", "k", "v", "o"])
    .describe("The attention projections that get an adapter"),
});

/** How a stage keeps what its gradients need. */
export const memorySchema = z
  .enum(["auto", "saved", "recomputed"])
  .default("auto")
  .describe(
    "Activations: kept (saved), computed again in the backward pass (recomputed), or as the memory allows (auto)",
  );

/** The most a recipe may ask of one sequence: beyond any context of today, and it bounds what a typing slip can cost. */
export const MAXIMUM_LENGTH = 1 << 20;

/** Keys of every training loop, of a stage and of pretraining alike. */
export const loopShape = {
  length: z.int().min(2).max(MAXIMUM_LENGTH).describe("Tokens per training sequence"),
  batch: z.int().positive().max(65536).default(1).describe("Sequences per forward pass"),
  accumulate: z.int().positive().max(65536).default(1).describe("Forward passes per optimizer step"),
  learning_rate: z.number().positive().describe("The optimizer's learning rate"),
  optimizer: optimizerSchema.prefault({}).describe("The optimizer"),
  schedule: scheduleSchema.prefault({ kind: "constant" }).describe("The course of the learning rate"),
  clip: z.number().positive().nullable().default(null).describe("Largest norm of a step's gradient; null: no clipping"),
  evaluate_every: z
    .int()
    .positive()
    .default(100)
    .describe("Optimizer steps between evaluations on held-out text; the end of a stage is always evaluated"),
  memory: memorySchema,
};
