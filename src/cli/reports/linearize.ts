/** The end of a conversion for people: stages, quality beside the teacher, and what to try next. */
import { closeRatio, linearGain } from "../../evaluation/report/verdict.ts";
import type { LinearizeDocument, LinearizePlanDocument, PretrainDocument } from "../../pipeline/contract.ts";
import { bytes, count, duration, measured } from "../../units.ts";
import { blocks, type Column, pairs, table } from "../output.ts";
import { evaluateText } from "./evaluate.ts";

const right = (heading: string): Column => ({ heading, align: "right" });

/** The report of a conversion. */
export function linearizeText(document: LinearizeDocument): string {
  return blocks(
    stageTable(document.stages),
    evaluateText(document.evaluation),
    footer(document),
    `What to try next:\n${nextSteps(document)
      .map((line) => `  ${line}`)
      .join("\n")}`,
  );
}

/** The report of a pretraining. */
export function pretrainText(document: PretrainDocument): string {
  return blocks(
    stageTable(document.stages),
    footer(document),
    `What to try next:\n  subquad linearize ${document.output} --recipe lolcats`,
  );
}

/** The estimate of `--dry-run`. */
export function linearizePlanText(plan: LinearizePlanDocument): string {
  const time = (seconds: number | null) => (seconds === null ? "–" : duration(seconds));
  return blocks(
    table(
      [{ heading: "stage" }, right("tokens"), right("steps"), right("memory"), right("time")],
      plan.stages.map((stage) => [
        stage.name,
        count(stage.tokens),
        String(stage.steps),
        bytes(stage.memory_bytes),
        time(stage.seconds),
      ]),
    ),
    pairs([
      ["model", plan.model],
      ["recipe", plan.recipe],
      ["output", plan.output],
      ["memory", bytes(plan.peak_memory_bytes)],
      ["disk", bytes(plan.disk_bytes)],
      ["time", time(plan.seconds)],
    ]),
  );
}

function stageTable(stages: LinearizeDocument["stages"]): string {
  if (stages.length === 0) return "";
  return table(
    [
      { heading: "stage" },
      right("tokens"),
      right("time"),
      right("tokens/s"),
      right("loss before"),
      right("loss after"),
    ],
    stages.map((stage) => [
      stage.name,
      count(stage.tokens),
      duration(stage.seconds),
      count(stage.tokens_per_second),
      measured(stage.loss_first),
      measured(stage.loss_last),
    ]),
  );
}

function footer({
  output,
  seconds,
  peak_memory_bytes,
}: Pick<LinearizeDocument, "output" | "seconds" | "peak_memory_bytes">): string {
  return `Written to ${output} in ${duration(seconds)}, peak memory ${bytes(peak_memory_bytes)}.`;
}

/** Advice from what was measured: the first line that applies comes first. */
export function nextSteps({ output, stages, evaluation }: LinearizeDocument): string[] {
  const ratios = evaluation.perplexity.flatMap(({ ratio }) => (ratio === null ? [] : [ratio]));
  const worst = Math.max(...ratios);
  const beaten = evaluation.perplexity.findLast(
    ({ model, window_only }) => model !== null && window_only !== null && model > window_only,
  );
  const idle = evaluation.perplexity.some(
    ({ model, window_only }) => model !== null && window_only !== null && model > linearGain * window_only,
  );
  const trained = Math.max(...stages.map((stage) => stage.tokens));
  return [
    ...(ratios.length > 0 && worst > closeRatio && Number.isFinite(trained)
      ? [
          `more training: the perplexity is ${measured(worst, 3)} times the teacher's; try --tokens ${count(4 * trained)}`,
        ]
      : []),
    ...(beaten === undefined
      ? []
      : [`longer sequences: at ${beaten.length} tokens the window alone does better; try --length ${beaten.length}`]),
    ...(idle && beaten === undefined
      ? [
          "the linear part adds little to the window here: train the transfer longer, or on texts longer than the window",
        ]
      : []),
    `subquad chat ${output}`,
    ...(evaluation.against === null
      ? []
      : [
          `subquad evaluate ${output} --against ${evaluation.against} --ablations --lengths 512,2048,8192 --report report.html`,
        ]),
  ];
}
