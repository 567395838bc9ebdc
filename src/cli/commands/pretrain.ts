/** `subquad pretrain`: a small model from nothing. */
import type { Command } from "commander";
import type { Verbs } from "../../pipeline/contract.ts";
import { describedCommand, option } from "../help.ts";
import { addCommon, addTraining, commonOptions, type TrainingFlags } from "../options.ts";
import { pretrainText } from "../reports/linearize.ts";
import type { Session } from "../session.ts";
import { outputName } from "./linearize.ts";

/** The command on its verb. */
export function pretrainCommand(verbs: Pick<Verbs, "pretrain">, session: Session): Command {
  const command = describedCommand({
    name: "pretrain",
    summary: "train a small softmax model from nothing",
    description:
      "Trains a small Llama-shaped model by a recipe: a teacher for experiments that needs no download, and how the built-in " +
      "model was made.",
    examples: [
      { command: "subquad pretrain --recipe pretrain-tiny --output tiny", meaning: "the built-in model, made again" },
      { command: "subquad pretrain --recipe mine.yaml --text notes/ --tokens 5M", meaning: "your own sizes and text" },
    ],
  });
  const recipe = option("--recipe <name|file>", "a built-in recipe or a YAML file", { fallback: "pretrain-tiny" });
  return addCommon(addTraining(command, recipe)).action(async (flags: TrainingFlags) => {
    const document = await session.run(
      verbs.pretrain,
      {
        ...commonOptions(flags),
        recipe: flags.recipe,
        text: flags.text,
        tokens: flags.tokens,
        length: flags.length,
        batch: flags.batch,
        output: flags.output ?? outputName("model", flags.recipe),
        resume: flags.resume,
        set: flags.set,
        seed: flags.seed,
      },
      { resumable: true },
    );
    session.write(flags.json, document, pretrainText);
  });
}
