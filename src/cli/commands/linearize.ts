/** `subquad linearize`: convert, train, verify. */
import { basename } from "node:path";
import type { Command } from "commander";
import { defaultModel } from "../../pipeline/built-in/models.ts";
import type { LinearizeOptions, Verbs } from "../../pipeline/contract.ts";
import { describedCommand, option } from "../help.ts";
import {
  addCommon,
  addTraining,
  budgetOption,
  commonOptions,
  MODEL_HELP,
  stageTokenOptions,
  type TrainingFlags,
} from "../options.ts";
import { linearizePlanText, linearizeText } from "../reports/linearize.ts";
import type { Session } from "../session.ts";

interface LinearizeFlags extends TrainingFlags {
  readonly budget?: number;
  readonly transferTokens?: number;
  readonly finetuneTokens?: number;
  readonly dryRun?: boolean;
}

/** The command on the two verbs it needs. */
export function linearizeCommand(verbs: Pick<Verbs, "linearize" | "planLinearize">, session: Session): Command {
  const command = describedCommand({
    name: "linearize",
    summary: "convert a softmax transformer into a linear-time model, train and verify it",
    description:
      "Replaces the softmax attention of MODEL by the recipe's linear layer, trains it stage by stage, and reports the result " +
      "beside its teacher. The output folder is in Hugging Face layout and holds report.json and report.html. Keys of the recipe and what they " +
      "mean: subquad recipes show NAME.",
    examples: [
      {
        command: "subquad linearize HuggingFaceTB/SmolLM2-135M --recipe lolcats --tokens 1M --output smol-linear",
        meaning: "a million tokens per stage",
      },
      {
        command: "subquad linearize HuggingFaceTB/SmolLM2-135M --recipe gated-delta-net --budget 2M --length 512",
        meaning: "two million tokens in all stages together",
      },
      {
        command: "subquad linearize ./my-model --text notes/ --tokens 300k --length 512 --dry-run",
        meaning: "memory, disk and time, before any work",
      },
      {
        command: "subquad linearize ./my-model --set stages.transfer.learning_rate=0.003 --set mixer.window.size=128",
        meaning: "other settings than the recipe's",
      },
      { command: "subquad linearize ./my-model --output my-linear --resume", meaning: "go on after an interruption" },
    ],
  }).argument("[model]", `${MODEL_HELP} (default: ${defaultModel})`);
  addTraining(
    command,
    option("--recipe <name|file>", "a built-in recipe or a YAML file", {
      fallback: "lolcats",
      variable: "SUBQUAD_RECIPE",
    }),
  );
  command.addOption(budgetOption().conflicts(["tokens", "transferTokens", "finetuneTokens"]));
  for (const each of stageTokenOptions()) command.addOption(each);
  command.addOption(option("--dry-run", "print memory, disk and time, and do nothing"));
  return addCommon(command).action(async (model: string | undefined, flags: LinearizeFlags) => {
    const options: LinearizeOptions = {
      ...commonOptions(flags),
      model,
      recipe: flags.recipe,
      text: flags.text,
      budget: flags.budget,
      tokens: flags.tokens,
      transferTokens: flags.transferTokens,
      finetuneTokens: flags.finetuneTokens,
      length: flags.length,
      batch: flags.batch,
      output: flags.output ?? outputName(model ?? defaultModel, flags.recipe),
      resume: flags.resume,
      set: flags.set,
      seed: flags.seed,
    };
    if (flags.dryRun === true) {
      session.write(flags.json, await session.run(verbs.planLinearize, options), linearizePlanText);
      return;
    }
    const document = await session.run(verbs.linearize, options, { resumable: true });
    session.write(flags.json, document, linearizeText);
  });
}

/** `SmolLM2-135M-lolcats` for `HuggingFaceTB/SmolLM2-135M@main` and `lolcats`. */
export function outputName(model: string, recipe: string): string {
  const stem = (text: string) => basename(text.replace(/@[^/@]*$/, "")).replace(/\.(gguf|bin|safetensors|ya?ml)$/i, "");
  return `${stem(model)}-${stem(recipe)}`;
}
