/** Recipes by name or from a file: found, parsed, changed by settings, validated. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { z } from "zod";
import { SubquadError } from "../errors.ts";
import { packageRoot } from "../package-root.ts";
import { below, describeIssues } from "./issues.ts";
import { hint } from "./nearest.ts";
import { overrideRecipe, type RecipeOverrides } from "./overrides.ts";
import { onPreset } from "./preset.ts";
import { type PretrainRecipe, pretrainSchema } from "./pretrain-schema.ts";
import { type opaqueMixer, type Recipe, recipeSchema } from "./schema.ts";
import { applySettings } from "./settings.ts";
import { readYaml, type YamlSource } from "./yaml-source.ts";

/** What changes a recipe after it is read: settings first, then overrides. */
export interface RecipeChanges extends RecipeOverrides {
  /** Settings `key.path=value`, in order. */
  readonly set?: readonly string[] | undefined;
}

/** The verb a recipe is for. */
export type RecipeKind = "linearize" | "pretrain";

/** A recipe in the list of built-in ones. */
export interface RecipeEntry {
  readonly name: string;
  readonly kind: RecipeKind;
  readonly summary: string;
  readonly paper: string | null;
  readonly path: string;
}

/** The folder of the built-in recipes. */
export function recipesFolder(): string {
  return join(packageRoot(), "recipes");
}

/** The built-in recipes, by name. */
export async function listRecipes(): Promise<RecipeEntry[]> {
  const names = await builtInNames();
  return Promise.all(
    names.map(async (name) => {
      const path = join(recipesFolder(), `${name}.yaml`);
      const { data } = await readYaml(path);
      const paper = below(data, "paper");
      return {
        name,
        kind: kindOf(data),
        summary: String(below(data, "summary") ?? ""),
        paper: typeof paper === "string" ? paper : null,
        path,
      };
    }),
  );
}

/** The verb that the recipe with this name or in this file is for. */
export async function recipeKind(reference: string): Promise<RecipeKind> {
  return kindOf((await readRecipe(reference)).data);
}

/**
 * Loads a recipe of `linearize`.
 *
 * @param reference A built-in recipe's name, or the path of a YAML file (it ends in .yaml or .yml, or has a slash).
 * @param mixer The schema of mixers, which validates the recipe's `mixer`.
 * @param mixerOf The mixer that a `preset` names, as people write it; throws for an unknown name.
 * @throws FormatError naming file, line and column; SubquadError for an unknown name or a wrong setting.
 */
export async function loadRecipe<Mixer extends z.ZodType = typeof opaqueMixer>(
  reference: string,
  mixer: Mixer,
  changes: RecipeChanges = {},
  mixerOf?: (preset: string) => unknown,
): Promise<Recipe<z.infer<Mixer>>> {
  const source = await readRecipe(reference);
  if (kindOf(source.data) !== "linearize") {
    throw new SubquadError(`${source.path}: is a recipe of pretrain; run subquad pretrain --recipe ${reference}`);
  }
  const schema = recipeSchema(mixer);
  // The preset first: other settings change what it stands for.
  const settings = changes.set ?? [];
  const [chosen, others] = [true, false].map((first) => settings.filter((one) => one.startsWith("preset=") === first));
  const data = onPreset(applySettings(schema, source.data, chosen ?? []), mixerOf);
  const recipe = validated(schema, { ...source, data }, others ?? []);
  // The generic parameter hides from the compiler that the schema's output is this recipe.
  return overrideRecipe(recipe as Recipe<z.infer<Mixer>>, changes);
}

/** Loads a recipe of `pretrain`; see `loadRecipe`. */
export async function loadPretrainRecipe(
  reference: string,
  changes: Pick<RecipeChanges, "set" | "tokens" | "length" | "batch" | "seed"> = {},
): Promise<PretrainRecipe> {
  const source = await readRecipe(reference);
  if (kindOf(source.data) !== "pretrain") {
    throw new SubquadError(`${source.path}: is a recipe of linearize; run subquad linearize --recipe ${reference}`);
  }
  const { tokens, length, batch, seed } = changes;
  const recipe = validated(pretrainSchema, source, changes.set ?? []);
  const numbers = Object.entries({ tokens, length, batch }).filter(([, value]) => value !== undefined);
  const stages = recipe.stages.map((stage) => ({ ...stage, ...Object.fromEntries(numbers) }));
  return { ...recipe, stages, seed: seed ?? recipe.seed };
}

function validated<Schema extends z.ZodType>(
  schema: Schema,
  source: YamlSource,
  settings: readonly string[],
): z.infer<Schema> {
  const data = applySettings(schema, source.data, settings);
  const result = schema.safeParse(data);
  if (result.success) return result.data;
  throw new SubquadError(describeIssues(schema, data, result.error.issues, source), { cause: result.error });
}

function kindOf(data: unknown): RecipeKind {
  return below(data, "architecture") === undefined ? "linearize" : "pretrain";
}

async function readRecipe(reference: string): Promise<YamlSource> {
  if (/[/\\]|\.ya?ml$/i.test(reference)) return readYaml(reference);
  const names = await builtInNames();
  if (names.includes(reference)) return readYaml(join(recipesFolder(), `${reference}.yaml`));
  throw new SubquadError(
    `no recipe is called ${reference}${hint(reference, names) || `; there are ${names.join(", ")}`} ` +
      "(a file's path ends in .yaml or contains a slash)",
  );
}

async function builtInNames(): Promise<string[]> {
  const files = await readdir(recipesFolder());
  return files.flatMap((file) => (file.endsWith(".yaml") ? [file.slice(0, -".yaml".length)] : [])).sort();
}
