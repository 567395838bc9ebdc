/** Options that several commands share, so that a name means the same everywhere. */
import type { Command, Option } from "commander";
import { builtInNames } from "../pipeline/built-in/models.ts";
import type { CommonOptions } from "../pipeline/contract.ts";
import { option } from "./help.ts";
import { between, collect, tokens, tokensOrZero, whole } from "./parse.ts";

/** What MODEL may be, for the help of every command that takes one. */
export const MODEL_HELP = `a folder in Hugging Face layout, a .gguf, a llama2.c .bin, org/name[@revision] or ${builtInNames.join(", ")} (built in)`;

/** More threads than any machine has. */
const MAXIMUM_THREADS = 1024;

/** Flags that every command with a model has. */
export interface CommonFlags {
  readonly threads?: number;
  readonly tokenizer?: string;
  readonly family?: string;
  readonly json?: boolean;
}

/** `--json`. */
export function jsonOption(): Option {
  return option("--json", "print exactly one JSON document on stdout");
}

/** Adds `--threads`, `--tokenizer`, `--family` and `--json`. */
export function addCommon(command: Command): Command {
  return addEngine(command).addOption(jsonOption());
}

/** `--threads`. */
export function threadsOption(): Option {
  return option("--threads <n>", "threads of the engine (default: all cores)", {
    parse: whole(1, MAXIMUM_THREADS),
    variable: "SUBQUAD_THREADS",
  });
}

/** Adds `--threads`, `--tokenizer` and `--family`. */
export function addEngine(command: Command): Command {
  return command
    .addOption(threadsOption())
    .addOption(
      option(
        "--tokenizer <file>",
        "tokenizer.json, llama2.c tokenizer or a folder with one (default: the model's own)",
        {
          variable: "SUBQUAD_TOKENIZER",
        },
      ),
    )
    .addOption(
      option("--family <file>", "YAML file that describes the model's family (default: known by its model_type)", {
        variable: "SUBQUAD_FAMILY",
      }),
    );
}

/** The common options from the flags. */
export function commonOptions(flags: CommonFlags): CommonOptions {
  return { threads: flags.threads, tokenizer: flags.tokenizer, family: flags.family };
}

/** Flags of the commands that train. */
export interface TrainingFlags extends CommonFlags {
  readonly recipe: string;
  readonly text?: string[];
  readonly tokens?: number;
  readonly length?: number;
  readonly batch?: number;
  readonly output?: string;
  readonly resume?: boolean;
  readonly set?: string[];
  readonly seed?: number;
}

/** Adds the options of the commands that train, in the order in which one thinks of them. */
export function addTraining(command: Command, recipe: Option): Command {
  return command
    .addOption(recipe)
    .addOption(
      option(
        "--text <path...>",
        "text files or folders to train on (default: the built-in texts; the last 5 % are held out)",
      ),
    )
    .addOption(
      option("--tokens <n>", "tokens of each stage, for instance 300k", { parse: tokens, variable: "SUBQUAD_TOKENS" }),
    )
    .addOption(option("--length <n>", "tokens per training sequence", { parse: tokens, variable: "SUBQUAD_LENGTH" }))
    .addOption(
      option("--batch <n>", "sequences per forward pass", { parse: whole(1, 65536), variable: "SUBQUAD_BATCH" }),
    )
    .addOption(option("--output <dir>", "the folder to write (default: named after the model and the recipe)"))
    .addOption(option("--resume", "go on from the checkpoint in the output folder"))
    .addOption(option("--set <key.path=value>", "change a key of the recipe; may be repeated", { parse: collect }))
    .addOption(
      option("--seed <n>", "seed of initial values and data order", { parse: whole(0), variable: "SUBQUAD_SEED" }),
    );
}

/** Adds the options that choose the next token. */
export function addSampling(command: Command, defaults: { temperature: number; topP: number }): Command {
  return command
    .addOption(
      option("--temperature <t>", "0 takes the likeliest token", {
        parse: between(0, 100),
        fallback: defaults.temperature,
      }),
    )
    .addOption(
      option("--top-p <p>", "sample from the likeliest tokens with this total probability", {
        parse: between(0, 1),
        fallback: defaults.topP,
      }),
    )
    .addOption(
      option("--seed <n>", "seed of the sampling", { parse: whole(0), fallback: 0, variable: "SUBQUAD_SEED" }),
    );
}

/** `--budget`. */
export function budgetOption(): Option {
  return option("--budget <n>", "tokens of all stages together, in the recipe's own proportions", { parse: tokens });
}

/** `--transfer-tokens` and `--finetune-tokens`. */
export function stageTokenOptions(): Option[] {
  return [
    option("--transfer-tokens <n>", "tokens of the attention transfer, instead of --tokens; 0 leaves it out", {
      parse: tokensOrZero,
    }),
    option("--finetune-tokens <n>", "tokens of the finetuning, instead of --tokens; 0 leaves it out", {
      parse: tokensOrZero,
    }),
  ];
}
