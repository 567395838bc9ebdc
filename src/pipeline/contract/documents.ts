/** The documents that verbs return and `--json` prints: the schemas are the documentation, the types come from them. */
import { z } from "zod";

const bytes = z.number().nonnegative();
const seconds = z.number().nonnegative();
const tokens = z.int().nonnegative();
const rate = z.number().nonnegative();
/** Perplexities and losses of a broken model may be infinite: JSON has no such number, so they are null. */
const measured = z.number().nullable();

/** One point of a stage's learning curve. */
export const curvePointSchema = z.object({
  tokens: tokens.describe("Tokens seen when measured"),
  seconds: seconds.describe("Seconds since the stage began"),
  train: measured.describe("Mean training loss since the last point; null before the first step"),
  held_out: measured.describe("Loss on held-out text; null where it was not measured"),
});

/** One stage of training. */
export const stageSchema = z.object({
  name: z.string().describe("The stage's name in the recipe"),
  tokens,
  seconds,
  tokens_per_second: rate,
  loss_first: measured.describe("Held-out loss before the first step"),
  loss_last: measured.describe("Held-out loss of the weights that were kept"),
  curve: z.array(curvePointSchema),
});

/** A figure of the model, of its teacher and of the model with a part taken away. */
const figures = {
  model: measured,
  teacher: measured.describe("The model given by --against; null without one or beyond its context"),
  window_only: measured.describe("With the linear part's weight 0; null without --ablations"),
  linear_only: measured.describe("With the window's factor × 1e-9; null without --ablations"),
  neither: measured.describe("With attention outputs 0; null without --ablations"),
};

/** Perplexity at one window length. */
export const perplexityRowSchema = z.object({
  length: tokens.describe("Tokens per window"),
  tokens: tokens.describe("Tokens that were scored"),
  ...figures,
  ratio: measured.describe("model / teacher; null without a teacher or beyond its context"),
  beyond_teacher_context: z
    .boolean()
    .describe("The length exceeds the teacher's own context: it is marked, not ratioed"),
});

/** Perplexity of the tokens at some places of the longest windows. */
export const positionRowSchema = z.object({
  from: tokens.describe("The first place in the window, counted from 0"),
  to: tokens.describe("The place after the last"),
  ...figures,
});

const range = z.object({ from: tokens, to: tokens.describe("Not part of the range") });

/** One figure of a probe of long context. */
export const recallRowSchema = z.object({
  name: z.string().describe("The probe: mqar, phone-book, key-values, needle, regression-1d, …, or the stem of a file"),
  length: tokens.describe("Tokens of a sequence"),
  distance: range
    .nullable()
    .describe("Tokens between where an answer was told and where it was asked; null: all answers"),
  depth: z.number().nullable().describe("Where in the text it was told, from 0 to 1; null: anywhere"),
  examples: range.nullable().describe("Examples that came before; null where nothing is learned from examples"),
  metric: z
    .enum(["exact_match", "log_probability", "margin", "relative_error"])
    .describe(
      "Share of answers whose every token is the likeliest; nats per token; nats per token above a wrong answer; |ŷ − y| / |y| of the greedy number, at most 1",
    ),
  n: z.int().nonnegative().describe("Answers it is a mean over"),
  baseline: measured.describe("The relative error of guesses, the mean of the y before; null for other metrics"),
  ...figures,
  beyond_teacher_context: z
    .boolean()
    .describe("The length exceeds the teacher's own context: it is marked, not measured"),
});

/** The score of one task by one metric. */
export const taskRowSchema = z.object({
  name: z.string().describe("The stem of its file; of a part, FOLDER_PART"),
  group: z.string().nullable().describe("The task that it is a part of, which has a row of its own before its parts"),
  metric: z
    .enum(["acc", "acc_norm"])
    .describe("The likeliest answer is right; the one of the highest log-probability per character is"),
  n: z.int().nonnegative().describe("Rows that were scored"),
  ...figures,
  stderr: measured.describe("Standard error of the model's score"),
  teacher_stderr: measured.describe("Standard error of the teacher's score"),
  chance: z.number().describe("The score of choosing at random"),
  margin_kept: measured.describe(
    "(model − chance) / (teacher − chance); null without a teacher that is above chance by two standard errors",
  ),
});

/** What `evaluate` returns. */
export const evaluateSchema = z.object({
  model: z.string(),
  against: z.string().nullable(),
  perplexity: z.array(perplexityRowSchema),
  by_position: z.array(positionRowSchema).describe("Perplexity by the place in the windows of the longest length"),
  tasks: z.array(taskRowSchema),
  recall: z.array(recallRowSchema).describe("Probes of long context, for --recall"),
  linear_share: measured.describe(
    "Mean share of the layers' output that comes from the linear part; null where no layer has both parts",
  ),
  linear_shares: z
    .array(measured)
    .describe("That share by layer; null for a layer without both parts; empty for a softmax model"),
  layer_errors: z
    .array(measured)
    .describe(
      "‖model − teacher‖ / ‖teacher‖ of what attention adds to the stream, by layer, where both read the teacher's stream; null for a softmax layer; empty without a teacher of the same sizes",
    ),
});
export type EvaluateDocument = z.infer<typeof evaluateSchema>;

/** What `linearize` returns. */
export const linearizeSchema = z.object({
  output: z.string().describe("The folder that was written"),
  recipe: z.string(),
  seconds,
  peak_memory_bytes: bytes,
  stages: z.array(stageSchema),
  evaluation: evaluateSchema,
});
export type LinearizeDocument = z.infer<typeof linearizeSchema>;

/** What `linearize --dry-run` returns. */
export const linearizePlanSchema = z.object({
  model: z.string(),
  output: z.string(),
  recipe: z.string(),
  seconds: seconds.nullable().describe("Estimated from a short measurement; null where none was possible"),
  peak_memory_bytes: bytes,
  disk_bytes: bytes.describe("Of the finished folder and its checkpoints"),
  stages: z.array(
    z.object({
      name: z.string(),
      tokens,
      steps: z.int().nonnegative().describe("Optimizer steps"),
      memory_bytes: bytes,
      seconds: seconds.nullable(),
    }),
  ),
});
export type LinearizePlanDocument = z.infer<typeof linearizePlanSchema>;

/** What `generate` returns. */
export const generateSchema = z.object({
  text: z.string().describe("New text only"),
  ids: z.array(z.int().nonnegative()).describe("New tokens only"),
  prompt_tokens: tokens,
  tokens_per_second: z.object({ prefill: rate.nullable(), decode: rate.nullable() }),
  state_bytes: bytes,
  peak_memory_bytes: bytes,
  samples: z
    .array(z.object({ tokens, memory_bytes: bytes, tokens_per_second: rate }))
    .describe("Memory and speed while generating"),
});
export type GenerateDocument = z.infer<typeof generateSchema>;

/** What `logits` returns, for the last position. */
export const logitsSchema = z.object({
  ids: z.array(z.int().nonnegative()).describe("The tokens of the prompt"),
  top_ids: z.array(z.int().nonnegative()).describe("The likeliest next tokens, best first"),
  top_logits: z.array(z.number()),
});
export type LogitsDocument = z.infer<typeof logitsSchema>;

/** What `inspect` returns; memory in bytes. */
export const inspectSchema = z.object({
  family: z.string(),
  parameters: z.int().nonnegative(),
  recipe: z.string().describe("The recipe that the estimates are for"),
  layers: z.array(
    z.object({
      mixer: z.string().describe("softmax, local softmax, recurrent, hybrid, or the name of the mixer in its place"),
      replaced_by: z.string().nullable().describe("What the recipe would put in its place; null where it stays"),
    }),
  ),
  context: z.int().positive().nullable().describe("Tokens; null where nothing limits it"),
  state_bytes_per_sequence: bytes.describe("Recurrent state and windows of one sequence, whatever its length"),
  kv_bytes_per_token: bytes.describe("What softmax layers add for each token"),
  memory_needed: z.object({ transfer: bytes.nullable(), finetune: bytes.nullable(), decode: bytes }),
  training_tokens: z.int().nonnegative().describe("Of the recipe's stages together"),
  seconds_needed: seconds
    .nullable()
    .describe("An estimate for this machine, from one timed product; null where nothing is replaced"),
});
export type InspectDocument = z.infer<typeof inspectSchema>;

/** What `pretrain` returns. */
export const pretrainSchema = z.object({
  output: z.string(),
  recipe: z.string(),
  parameters: z.int().nonnegative(),
  seconds,
  peak_memory_bytes: bytes,
  stages: z.array(stageSchema).describe("One stage; losses in nats per token"),
});
export type PretrainDocument = z.infer<typeof pretrainSchema>;

/** What `bench` returns. */
export const benchSchema = z.object({
  model: z.string(),
  threads: z.int().positive(),
  repeat: z.int().positive(),
  rows: z.array(
    z.object({
      length: tokens.describe("Tokens of the prompt"),
      prefill_tokens_per_second: rate,
      decode_tokens_per_second: rate,
      state_bytes: bytes,
      peak_memory_bytes: bytes,
    }),
  ),
});
export type BenchDocument = z.infer<typeof benchSchema>;
