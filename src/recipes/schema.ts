/** The schema of a recipe: the one source of validation, `--set`, help, documentation and editor completion. */
import { z } from "zod";
import { nameSchema, stageSchema } from "./stage-schema.ts";

const layersSchema = z.union(
  [
    z.literal("all"),
    z.literal("including_local"),
    z.strictObject({ softmax: z.array(z.int().nonnegative()).min(1).describe("Layers kept as softmax, from 0") }),
    z.strictObject({
      softmax_every: z.int().min(2).max(1024).describe("Of so many layers, the last is kept as softmax"),
    }),
  ],
  { error: "must be all, including_local, {softmax: [the layers to keep, from 0]} or {softmax_every: n}" },
);

const variantSchema = z.strictObject({
  layers: z.array(z.int().nonnegative()).min(1).describe("Layers, from 0"),
  mixer: z.record(z.string(), z.unknown()).describe("What these layers' mixer has otherwise (null takes an axis away)"),
});

/** Which layers a recipe converts. */
export type LayerChoice = z.infer<typeof layersSchema>;

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
    preset: z
      .string()
      .nullable()
      .default(null)
      .describe("A mixer of the catalogue that `mixer` changes (subquad mixers list); null: `mixer` is all of it"),
    mixer: mixer.describe("The linear layer that takes the place of softmax attention"),
    layers: layersSchema
      .default("all")
      .describe(
        "Which layers are converted: all that read every token, or all but {softmax: [kept layers]} or {softmax_every: n}; including_local: those with windows of their own as well",
      ),
    variants: z
      .array(variantSchema)
      .max(64)
      .default([])
      .describe("Changes to the mixer in some layers, such as longer windows where they matter most"),
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
