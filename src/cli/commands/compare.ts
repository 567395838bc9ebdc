/** `subquad compare`: several recipes on one teacher and one budget, beside each other. */
import type { Command } from "commander";
import { defaultModel } from "../../pipeline/built-in/models.ts";
import type { Verbs } from "../../pipeline/contract.ts";
import { describedCommand, option } from "../help.ts";
import { addCommon, budgetOption, type CommonFlags, commonOptions, MODEL_HELP } from "../options.ts";
import { collect, lengths, list, tokens, whole } from "../parse.ts";
import { compareText } from "../reports/compare.ts";
import type { Session } from "../session.ts";
import { outputName } from "./linearize.ts";

/** Tokens of each test text that are read where nothing else is said. */
const DEFAULT_TOKENS = 40960;

interface CompareFlags extends CommonFlags {
  readonly recipes: string[];
  readonly budget: number;
  readonly text?: string[];
  readonly testText?: string[];
  readonly lengths?: number[];
  readonly maxTokens: number;
  readonly length?: number;
  readonly batch?: number;
  readonly set?: string[];
  readonly seed?: number;
  readonly finetunedTeacher?: boolean;
  readonly output?: string;
  readonly resume?: boolean;
}

/** The command on its verb. */
export function compareCommand(verbs: Pick<Verbs, "compare">, session: Session): Command {
  const command = describedCommand({
    name: "compare",
    summary: "run several recipes on one teacher and one budget, and compare them",
    description:
      "Linearizes MODEL by each of the recipes, one after another, each with the same tokens of the same text, into a folder of its " +
      "name. Measures all of them beside the teacher, with ablations, and writes compare.json, compare.md and compare.svg. A recipe " +
      "that fails is a row that says so. Of each recipe only the lengths, batches and tokens change: learning rates stay as published.",
    examples: [
      {
        command: "subquad compare --recipes lolcats,liger-gla,t2r --budget 60k --length 256 --output tiny-compare",
        meaning: "three recipes on the built-in model",
      },
      {
        command:
          "subquad compare HuggingFaceTB/SmolLM2-135M --budget 1M --length 1024 --finetuned-teacher --test-text book.txt news.txt",
        meaning: "all built-in recipes, beside what the teacher itself learns from the text",
      },
      {
        command:
          "subquad compare ./my-model --recipes lolcats,mine.yaml --budget 300k --set mine:stages.transfer.learning_rate=0.003",
        meaning: "a recipe of your own, with a setting for it alone",
      },
    ],
  })
    .argument("[model]", `${MODEL_HELP} (default: ${defaultModel})`)
    .addOption(
      option("--recipes <list>", "built-in recipes or YAML files, separated by commas (default: all built-in ones)", {
        parse: list,
        fallback: [],
        shown: "all built-in ones",
      }),
    )
    .addOption(budgetOption().makeOptionMandatory())
    .addOption(option("--text <path...>", "text files or folders to train on (default: the built-in texts)"))
    .addOption(
      option("--test-text <path...>", "texts to measure on, each by itself (default: what is held out of --text)"),
    )
    .addOption(
      option(
        "--lengths <list>",
        "window lengths in tokens to measure at (default: of 256, 512 and 2048, the last two)",
        {
          parse: lengths,
        },
      ),
    )
    .addOption(
      option("--max-tokens <n>", "tokens of each test text that are used, the same for all lengths", {
        parse: tokens,
        fallback: DEFAULT_TOKENS,
      }),
    )
    .addOption(
      option("--length <n>", "tokens per training sequence, in all stages", {
        parse: tokens,
        variable: "SUBQUAD_LENGTH",
      }),
    )
    .addOption(
      option("--batch <n>", "sequences per forward pass", { parse: whole(1, 65536), variable: "SUBQUAD_BATCH" }),
    )
    .addOption(
      option("--set <key.path=value>", "change a key of all recipes, or NAME:key.path=value of one; may be repeated", {
        parse: collect,
      }),
    )
    .addOption(
      option("--seed <n>", "seed of initial values and data order", { parse: whole(0), variable: "SUBQUAD_SEED" }),
    )
    .addOption(
      option("--finetuned-teacher", "also finetune the teacher itself, as the recipe that does it on the most tokens"),
    )
    .addOption(option("--output <dir>", "the folder to write (default: named after the model)"))
    .addOption(option("--resume", "go on from what is in the output folder; what has ended is not run again"));
  return addCommon(command).action(async (model: string | undefined, flags: CompareFlags) => {
    const { finetunedTeacher = false, json, ...given } = flags;
    const output = flags.output ?? outputName(model ?? defaultModel, "compare");
    const options = { ...given, ...commonOptions(flags), model, finetunedTeacher, output };
    const document = await session.run(verbs.compare, options, { resumable: true });
    session.write(json, document, compareText);
  });
}
