/** The options and the document of `probe`. */
import { z } from "zod";
import type { TrainingOptions } from "./options.ts";

/** What a plan may save. */
export type ProbeMeasure = "perplexity" | "recall";

/** `probe`: what each layer loses when it alone is linearized, and which layers to keep. */
export interface ProbeOptions extends TrainingOptions {
  /** The teacher: a folder in Hugging Face layout, a `.gguf`, a llama2.c `.bin` or `org/name[@revision]`. */
  readonly model: string;
  /** The recipe whose layerwise stages train the layers; without meaning beside `linear`. */
  readonly recipe: string;
  /** A folder of the teacher linearized, to take the layers from. */
  readonly linear?: string | undefined;
  /** Tokens of the recipe's layerwise stages together. */
  readonly tokens: number;
  /** The text to measure on; absent: what is held out of the training text. */
  readonly testText?: string | undefined;
  /** Tokens of the windows it is measured in. */
  readonly testLength?: number | undefined;
  /** Tokens of the test text that are used. */
  readonly maxTokens: number;
  /** A folder to keep the linearized layers in; absent: a temporary one. */
  readonly output?: string | undefined;
  /** Go on from the checkpoint in `output`; layers that were trained there are not trained again. */
  readonly resume?: boolean | undefined;
  /** Bytes that decoding one sequence may keep: a plan is made for it. */
  readonly memory?: number | undefined;
  /** What the plan saves: perplexity (where absent), or recall. */
  readonly by?: ProbeMeasure | undefined;
  /** Tokens of that sequence; absent: the model's context. */
  readonly targetLength?: number | undefined;
}

const measured = z.number().nullable();
const bytes = z.number().nonnegative();

/** What was measured of a model. */
const figures = {
  perplexity: measured,
  recall: measured.describe("Share of exact answers to associative recall (mqar); null where it cannot be asked"),
  recall_log_probability: measured.describe("Mean log probability of those answers, in nats per token"),
};

/** What `probe` returns. */
export const probeSchema = z.object({
  model: z.string(),
  recipe: z.string().describe("The recipe of the linearized layers"),
  length: z.int().positive().describe("Tokens of the windows it was measured in"),
  tokens: z.int().nonnegative().describe("Tokens that were scored"),
  target_length: z.int().positive().describe("Tokens of the sequence that bytes are told for"),
  teacher: z.object(figures),
  linearized: z.object({ ...figures, ratio: measured }).describe("All layers linearized at once"),
  layers: z
    .array(
      z.object({
        layer: z.int().nonnegative(),
        ...figures,
        ratio: measured.describe("perplexity / the teacher's; null where the linearized model keeps softmax"),
        kv_bytes: bytes.describe("What the layer keeps of one sequence of target_length as softmax"),
        state_bytes: bytes.nullable().describe("The same, linearized; null where it keeps softmax"),
      }),
    )
    .describe("Each with that layer alone linearized and all others as the teacher's"),
  plan: z
    .object({
      softmax: z.array(z.int().nonnegative()).describe("Layers to keep as softmax"),
      setting: z.string().describe("The same for --set"),
      bytes: bytes.describe("What decoding keeps of one sequence of target_length"),
      memory: bytes.describe("What it may keep"),
      by: z.enum(["perplexity", "recall"]).describe("What is saved"),
      expected_ratio: measured.describe("Perplexity times the teacher's, if the losses of layers add up"),
    })
    .nullable()
    .describe("For --memory; null without it"),
});
export type ProbeDocument = z.infer<typeof probeSchema>;
