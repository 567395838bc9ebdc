/** The options and the document of `compare`. */
import { z } from "zod";
import { perplexityRowSchema } from "./documents.ts";
import type { TrainingOptions } from "./options.ts";

/** `compare`: several recipes on one teacher, on the same budget of the same text. */
export interface CompareOptions extends TrainingOptions {
  /** A folder in Hugging Face layout, a `.gguf`, a llama2.c `.bin` or `org/name[@revision]`; absent: the built-in model. */
  readonly model?: string | undefined;
  /** Names of built-in recipes or paths of YAML files; none: all built-in ones. */
  readonly recipes: readonly string[];
  /** Tokens of all stages of a recipe together, in its own proportions. */
  readonly budget: number;
  /** Texts to measure on, each by itself; absent: what is held out of the training text. */
  readonly testText?: readonly string[] | undefined;
  /** Window lengths of the perplexity protocol, in tokens. */
  readonly lengths?: readonly number[] | undefined;
  /** Tokens of each test text that are used, the same for all lengths. */
  readonly maxTokens: number;
  /** Settings `key.path=value` for every recipe, `NAME:key.path=value` for one of them. */
  readonly set?: readonly string[] | undefined;
  /** Also finetune the teacher itself, as the recipe that finetunes on the most tokens, with adapters if one has them. */
  readonly finetunedTeacher: boolean;
  /** The folder to write: every recipe's model in a folder of its name, and the comparison. */
  readonly output: string;
  /** Go on after an interruption: what has ended is not run again. */
  readonly resume?: boolean | undefined;
}

const measured = z.number().nullable();
const amount = z.number().nonnegative();

/** One of those that are compared. */
export const compareRowSchema = z.object({
  name: z.string().describe("The recipe's name; teacher, or finetuned-teacher"),
  kind: z
    .enum(["teacher", "finetuned-teacher", "recipe"])
    .describe("What it is: the teacher as it was, the teacher finetuned on the text, or a converted model"),
  output: z.string().nullable().describe("The folder of the model; null where none was written"),
  error: z.string().nullable().describe("Why it could not be run; null where it was"),
  tokens: z.int().nonnegative().describe("Tokens it was trained on; what groups of layers read in turn counts once"),
  seconds: amount.describe("Seconds of training"),
  tokens_per_second: amount,
  stages: z.array(
    z.object({
      name: z.string(),
      tokens: z.int().nonnegative(),
      seconds: amount,
      loss_first: measured.describe("Held-out loss before the first step"),
      loss_last: measured.describe("Held-out loss of the weights that were kept"),
    }),
  ),
  texts: z
    .array(
      z.object({
        text: z.string(),
        perplexity: z.array(perplexityRowSchema),
        linear_share: measured.describe(
          "Mean share of the layers' output that comes from the linear part; null where no layer has both parts",
        ),
      }),
    )
    .describe("One entry for each test text; none where it could not be run"),
  state_bytes_per_sequence: amount.describe("Recurrent state and windows of one sequence, whatever its length"),
  kv_bytes_per_token: amount.describe("What softmax layers add for each token"),
  fingerprint: z.string().describe("Tells it from other runs, for --resume"),
});

/** What `compare` returns, and writes as `compare.json`. */
export const compareSchema = z.object({
  model: z.string(),
  output: z.string(),
  budget: z.int().positive().describe("Tokens of all stages of a recipe together"),
  lengths: z.array(z.int().positive()).describe("Window lengths of the measurements, in tokens"),
  texts: z.array(z.object({ name: z.string(), tokens: z.int().nonnegative().describe("Tokens that are used") })),
  finetuned_as: z
    .string()
    .nullable()
    .describe("The recipe whose finetuning the finetuned teacher had; null without one"),
  rows: z
    .array(compareRowSchema)
    .describe("The teacher, the finetuned teacher, then the recipes from the lowest ratio at the longest length up"),
});
export type CompareRow = z.infer<typeof compareRowSchema>;
export type CompareDocument = z.infer<typeof compareSchema>;
