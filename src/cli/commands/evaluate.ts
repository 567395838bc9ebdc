/** `subquad evaluate`: perplexity by length, tasks and ablations, beside the teacher. */
import { join } from "node:path";
import type { Command } from "commander";
import type { Verbs } from "../../pipeline/contract.ts";
import { describedCommand, option } from "../help.ts";
import { addCommon, type CommonFlags, commonOptions, MODEL_HELP } from "../options.ts";
import { lengths, lengthsOrNone, list, tokens, whole } from "../parse.ts";
import { evaluateText } from "../reports/evaluate.ts";
import type { Session } from "../session.ts";

/** Tokens of text that an evaluation reads where nothing else is said. */
const DEFAULT_TOKENS = 40960;

interface EvaluateFlags extends CommonFlags {
  readonly against?: string;
  readonly text?: string;
  readonly lengths?: number[];
  readonly maxTokens: number;
  readonly tasks?: string[];
  readonly taskData?: string;
  readonly limit?: number;
  readonly lmEvalJson?: string;
  readonly recall?: string[];
  readonly recallData?: string[];
  readonly recallLengths?: number[];
  readonly recallSamples?: number;
  readonly needleLength?: number;
  readonly seed?: number;
  readonly ablations?: boolean;
  readonly report?: string;
}

/** Where the task files lie in a folder of shared data. */
function sharedTasks(data: string | undefined): string | undefined {
  return data === undefined || data === "" ? undefined : join(data, "tasks");
}

/** The command on its verb. */
export function evaluateCommand(verbs: Pick<Verbs, "evaluate">, session: Session): Command {
  const command = describedCommand({
    name: "evaluate",
    summary: "measure perplexity by length, tasks, recall and ablations, beside the teacher",
    description:
      "Measures perplexity on windows of the given lengths, scores multiple-choice tasks, asks with --recall for what was told " +
      "far back, and with --ablations does all of it without the linear part, without the window and without both.",
    examples: [
      {
        command: "subquad evaluate smol-linear --against HuggingFaceTB/SmolLM2-135M --ablations",
        meaning: "beside its teacher, with ablations",
      },
      {
        command: "subquad evaluate smol-linear --text book.txt --lengths 512,2048,8192 --report report.html",
        meaning: "on your own text, with plots",
      },
      {
        command: "subquad evaluate smol-linear --recall mqar,phone-book --recall-lengths 512,2048,8192 --ablations",
        meaning: "recall from far back, with and without the linear part",
      },
      {
        command: "subquad evaluate smol-linear --against smol --task-data tasks/ --tasks piqa,mmlu --lengths none",
        meaning: "tasks beside the teacher, without perplexity",
      },
    ],
  })
    .argument("<model>", MODEL_HELP)
    .addOption(option("--against <model>", "the teacher to compare with"))
    .addOption(option("--text <path>", "the text to measure on (default: the held-out end of the built-in texts)"))
    .addOption(
      option("--lengths <list>", "window lengths in tokens, for instance 512,2048; none leaves perplexity out", {
        parse: lengthsOrNone,
      }),
    )
    .addOption(
      option("--max-tokens <n>", "tokens of the text that are used, the same for all lengths", {
        parse: tokens,
        fallback: DEFAULT_TOKENS,
      }),
    )
    .addOption(
      option("--tasks <list>", "tasks by the stems of their files in the task folder, or its folders: piqa,mmlu", {
        parse: list,
      }),
    )
    .addOption(
      option("--task-data <dir>", "the folder of task files (default: tasks in the folder SUBQUAD_DATA names)", {
        variable: "SUBQUAD_TASK_DATA",
      }),
    )
    .addOption(option("--limit <n>", "rows of each task, and of each part of one (default: all)", { parse: whole(1) }))
    .addOption(
      option("--lm-eval-json <file.json>", "also write the task scores as lm-evaluation-harness writes its results"),
    )
    .addOption(
      option("--recall <list>", "probes of long context: mqar, phone-book, key-values, needle, regression, or all", {
        parse: list,
      }),
    )
    .addOption(option("--recall-data <file...>", 'JSONL files of questions {"context": …, "answer": …} to ask as well'))
    .addOption(
      option(
        "--recall-lengths <list>",
        "lengths of the probes in tokens (default: 512, 2048, 8192 within the context)",
        {
          parse: lengths,
        },
      ),
    )
    .addOption(
      option("--recall-samples <n>", "sequences of each probe and length (default: 4)", { parse: whole(1, 1_000_000) }),
    )
    .addOption(
      option("--needle-length <n>", "a training length: the needle is measured at 1 to 32 times that", {
        parse: tokens,
      }),
    )
    .addOption(option("--seed <n>", "seed of the probes (default: 0)", { parse: whole(0), variable: "SUBQUAD_SEED" }))
    .addOption(option("--ablations", "also measure window only, linear only and neither"))
    .addOption(option("--report <file.html>", "also write a page with tables and plots that needs no network"));
  return addCommon(command).action(async (model: string, flags: EvaluateFlags) => {
    const document = await session.run(verbs.evaluate, {
      ...commonOptions(flags),
      model,
      against: flags.against,
      text: flags.text,
      lengths: flags.lengths,
      maxTokens: flags.maxTokens,
      tasks: flags.tasks,
      taskData: flags.taskData ?? sharedTasks(session.terminal.variables.SUBQUAD_DATA),
      limit: flags.limit,
      lmEvalJson: flags.lmEvalJson,
      recall: flags.recall,
      recallData: flags.recallData,
      recallLengths: flags.recallLengths,
      recallSamples: flags.recallSamples,
      needleLength: flags.needleLength,
      seed: flags.seed,
      ablations: flags.ablations === true,
      report: flags.report,
    });
    session.write(flags.json, document, evaluateText);
  });
}
