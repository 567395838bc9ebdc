/** `subquad recipes`: what there is, what it says, and whether a file is right. */
import type { Command } from "commander";
import type { RecipeKind } from "../../recipes/index.ts";
import { describedCommand, option } from "../help.ts";
import { jsonOption } from "../options.ts";
import { table } from "../output.ts";
import { collect } from "../parse.ts";
import type { Session } from "../session.ts";

interface RecipeFlags {
  readonly json?: boolean;
  readonly set?: string[];
}

interface ShowFlags extends RecipeFlags {
  readonly schema?: boolean;
}

/** The group of commands; the recipes' code is loaded when one of them runs. */
export function recipesCommand(session: Session): Command {
  return describedCommand({
    name: "recipes",
    summary: "list, show and check recipes",
    description: "Recipes are methods as YAML: the layer that replaces softmax, and the stages of its training.",
    examples: [
      { command: "subquad recipes list", meaning: "the built-in recipes" },
      { command: "subquad recipes show lolcats > mine.yaml", meaning: "a recipe of your own, every key explained" },
    ],
  })
    .addCommand(listCommand(session))
    .addCommand(showCommand(session))
    .addCommand(checkCommand(session));
}

function setOption() {
  return option("--set <key.path=value>", "change a key; may be repeated", { parse: collect });
}

function listCommand(session: Session): Command {
  return describedCommand({
    name: "list",
    summary: "list the built-in recipes",
    description: "Lists the built-in recipes: for which verb they are, and what they do.",
    examples: [{ command: "subquad recipes list", meaning: "names and summaries" }],
  })
    .addOption(jsonOption())
    .action(async (flags: RecipeFlags) => {
      const { listRecipes } = await import("../../recipes/index.ts");
      session.write(flags.json, await listRecipes(), (entries) =>
        table(
          [{ heading: "name" }, { heading: "verb" }, { heading: "what it does" }],
          entries.map(({ name, kind, summary }) => [name, kind, summary]),
        ),
      );
    });
}

function showCommand(session: Session): Command {
  return describedCommand({
    name: "show",
    summary: "print a recipe, every key with its meaning",
    description:
      "Prints a recipe as it would run: defaults filled in, settings applied, and a comment on every key. The output is a valid " +
      "recipe file. --schema prints the JSON schema of such files, for completion in an editor.",
    examples: [
      { command: "subquad recipes show lolcats", meaning: "the published settings" },
      {
        command: "subquad recipes show lolcats --set stages.finetune.schedule.kind=cosine",
        meaning: "what a setting would change",
      },
      { command: "subquad recipes show lolcats --schema > recipe.schema.json", meaning: "for your editor" },
    ],
  })
    .argument("<name|file>", "a built-in recipe or a YAML file")
    .addOption(setOption())
    .addOption(option("--schema", "print the JSON schema of this kind of recipe"))
    .addOption(jsonOption())
    .action(async (reference: string, flags: ShowFlags) => {
      const { annotatedYaml, editorSchema, recipeKind } = await import("../../recipes/index.ts");
      const kind = await recipeKind(reference);
      const { schema, load } = await recipesOf(kind);
      if (flags.schema === true) session.write(true, editorSchema(schema, `subquad ${kind} recipe`), String);
      else session.write(flags.json, await load(reference, flags.set), (recipe) => annotatedYaml(schema, recipe));
    });
}

function checkCommand(session: Session): Command {
  return describedCommand({
    name: "check",
    summary: "check recipe files",
    description: "Checks recipes against the schema, and names every fault with its line and column.",
    examples: [{ command: "subquad recipes check mine.yaml", meaning: "exit code 0 where it is right, 1 where not" }],
  })
    .argument("[name|file...]", "built-in recipes or YAML files (default: all built-in ones)")
    .addOption(setOption())
    .addOption(jsonOption())
    .action(async (references: string[], flags: RecipeFlags) => {
      const { listRecipes, recipeKind } = await import("../../recipes/index.ts");
      const wanted = references.length > 0 ? references : (await listRecipes()).map(({ name }) => name);
      const checked: { recipe: string; kind: RecipeKind; valid: true }[] = [];
      for (const reference of wanted) {
        const kind = await recipeKind(reference);
        await (await recipesOf(kind)).load(reference, flags.set);
        checked.push({ recipe: reference, kind, valid: true });
      }
      session.write(flags.json, checked, (rows) =>
        rows.map(({ recipe, kind }) => `${recipe}: a valid recipe of ${kind}`).join("\n"),
      );
    });
}

/** The schema and the loader of a kind of recipe. */
async function recipesOf(kind: RecipeKind) {
  if (kind === "pretrain") {
    const { loadPretrainRecipe, pretrainSchema } = await import("../../recipes/index.ts");
    return {
      schema: pretrainSchema,
      load: (name: string, set?: string[]): Promise<unknown> => loadPretrainRecipe(name, { set }),
    };
  }
  const { linearizeRecipeSchema, loadLinearizeRecipe } = await import("../../pipeline/recipes.ts");
  return {
    schema: linearizeRecipeSchema,
    load: (name: string, set?: string[]): Promise<unknown> => loadLinearizeRecipe(name, { set }),
  };
}
