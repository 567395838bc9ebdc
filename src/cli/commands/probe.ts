/** `subquad probe`: what each layer loses when it alone is linearized, and which layers to keep. */
import type { Command } from "commander";
import type { ProbeMeasure, Verbs } from "../../pipeline/contract.ts";
import { describedCommand, option } from "../help.ts";
import { addCommon, type CommonFlags, commonOptions, MODEL_HELP } from "../options.ts";
import { collect, memory, tokens, whole } from "../parse.ts";
import { probeText } from "../reports/probe.ts";
import type { Session } from "../session.ts";

/** Tokens that layers are trained on, and tokens of text that are measured, where nothing else is said. */
const [DEFAULT_TOKENS, MEASURED_TOKENS] = [300_000, 16_384];

interface ProbeFlags extends CommonFlags {
  readonly recipe: string;
  readonly with?: string;
  readonly tokens: number;
  readonly text?: string[];
  readonly testText?: string;
  readonly testLength?: number;
  readonly maxTokens: number;
  readonly length?: number;
  readonly batch?: number;
  readonly set?: string[];
  readonly seed?: number;
  readonly output?: string;
  readonly resume?: boolean;
  readonly memory?: number;
  readonly by: ProbeMeasure;
  readonly targetLength?: number;
}

/** The command on its verb. */
export function probeCommand(verbs: Pick<Verbs, "probe">, session: Session): Command {
  const command = describedCommand({
    name: "probe",
    summary: "measure what each layer loses when it alone is linearized, and plan which to keep",
    description:
      "Measures perplexity and recall of MODEL with one layer after another linearized and all others as they are. The layers are " +
      "trained by the recipe's layerwise stages, or taken from a folder that linearize has written. With --memory it proposes which " +
      "layers to keep as softmax, so that decoding a sequence of --target-length tokens keeps no more than that.",
    examples: [
      {
        command: "subquad probe HuggingFaceTB/SmolLM2-135M --tokens 300k --length 1024 --output smol-layers",
        meaning: "train all layers apart, then measure each",
      },
      {
        command: "subquad probe HuggingFaceTB/SmolLM2-135M --with smol-layers --memory 96MiB --target-length 8192",
        meaning: "which layers to keep for 8192 tokens in 96 MiB",
      },
    ],
  })
    .argument("<model>", MODEL_HELP)
    .addOption(
      option("--recipe <name|file>", "the recipe whose layerwise stages train the layers", {
        fallback: "lolcats",
        variable: "SUBQUAD_RECIPE",
      }),
    )
    .addOption(option("--with <folder>", "take the layers from this linearized model instead of training them"))
    .addOption(
      option("--tokens <n>", "tokens of the layerwise stages together", {
        parse: tokens,
        fallback: DEFAULT_TOKENS,
        shown: "300k",
      }),
    )
    .addOption(option("--text <path...>", "text files or folders to train on (default: the built-in texts)"))
    .addOption(option("--test-text <path>", "the text to measure on (default: what is held out of --text)"))
    .addOption(
      option(
        "--test-length <n>",
        "tokens of the windows that are measured (default: up to 2048, as the context allows)",
        {
          parse: tokens,
        },
      ),
    )
    .addOption(
      option("--max-tokens <n>", "tokens of the test text that are used", {
        parse: tokens,
        fallback: MEASURED_TOKENS,
      }),
    )
    .addOption(option("--length <n>", "tokens per training sequence", { parse: tokens, variable: "SUBQUAD_LENGTH" }))
    .addOption(
      option("--batch <n>", "sequences per forward pass", { parse: whole(1, 65536), variable: "SUBQUAD_BATCH" }),
    )
    .addOption(option("--set <key.path=value>", "change a key of the recipe; may be repeated", { parse: collect }))
    .addOption(
      option("--seed <n>", "seed of initial values, data order and questions", {
        parse: whole(0),
        variable: "SUBQUAD_SEED",
      }),
    )
    .addOption(option("--output <dir>", "a folder to keep the linearized layers in (default: they are not kept)"))
    .addOption(option("--resume", "go on from the checkpoint in the output folder"))
    .addOption(
      option("--memory <bytes>", "plan for so many bytes of one sequence: 1048576, 64MiB or 1.5GiB", { parse: memory }),
    )
    .addOption(
      option("--by <measure>", "what the plan saves: perplexity or recall", { fallback: "perplexity" }).choices([
        "perplexity",
        "recall",
      ]),
    )
    .addOption(
      option("--target-length <n>", "tokens of that sequence (default: the model's context)", { parse: tokens }),
    );
  return addCommon(command).action(async (model: string, { with: linear, json, ...flags }: ProbeFlags) => {
    const document = await session.run(
      verbs.probe,
      { ...flags, ...commonOptions(flags), model, linear },
      { resumable: flags.output !== undefined },
    );
    session.write(json, document, probeText);
  });
}
