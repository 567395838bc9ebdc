/** docs/recipes.md, written from the recipes' schemas and the shipped files. */
import type { z } from "zod";
import { linearizeRecipeSchema } from "../../src/pipeline/recipes.ts";
import { keyRows, listRecipes, pretrainSchema } from "../../src/recipes/index.ts";
import { code, markdownTable, page } from "./markdown.ts";

const INTRODUCTION = `# Recipes

*Written by \`npm run docs\` from the recipes' schema: change that, not this page.*

A recipe is a method as data: the layer that takes the place of softmax attention, which layers are converted, and the stages of
training. \`subquad recipes show NAME\` prints a recipe with the meaning of every key beside it; its output is a recipe file of
your own. \`subquad recipes check FILE\` names every fault with its line and column, and
\`subquad recipes show NAME --schema\` prints the JSON schema for your editor.

\`--set key.path=value\` changes a key from the command line: entries of a list are named by their \`name\` or their index
(\`--set stages.transfer.learning_rate=0.003\`), values are YAML (\`--set stages.finetune.train.lora.targets=[q,v]\`), and setting
a \`kind\` drops the keys that the new kind does not have.`;

/** The whole page. */
export async function recipesPage(): Promise<string> {
  const entries = await listRecipes();
  return page(
    INTRODUCTION,
    "## Built-in recipes",
    markdownTable(
      ["name", "verb", "what it does", "paper"],
      entries.map(({ name, kind, summary, paper }) => [
        `[${name}](../recipes/${name}.yaml)`,
        kind,
        summary,
        paper === null ? "" : `<${paper}>`,
      ]),
    ),
    "## Keys of a recipe of `linearize`",
    keyTable(linearizeRecipeSchema),
    "## Keys of a recipe of `pretrain`",
    keyTable(pretrainSchema),
  );
}

function keyTable(schema: z.ZodType): string {
  return markdownTable(
    ["key", "type", "default", "meaning"],
    keyRows(schema).map(({ path, type, fallback, description }) => [
      code(path),
      type,
      fallback === "required" || fallback === "" ? fallback : code(fallback),
      description,
    ]),
  );
}
