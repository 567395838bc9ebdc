/** `evaluate`: perplexity by length beside the teacher's and the ablations'. */

import { SubquadError } from "../errors.ts";
import { positionSpans, spanPerplexity } from "../evaluation/by-position.ts";
import { linearShares, meanShare } from "../evaluation/linear-share.ts";
import { perplexity } from "../evaluation/perplexity.ts";
import { ForwardPass } from "../inference/forward.ts";
import { isConverted, type Model } from "../inference/model.ts";
import { createEngine, type Engine } from "../runtime/index.ts";
import type { Context, EvaluateDocument, EvaluateOptions, Verb } from "./contract.ts";
import { requireDecoder } from "./decoding.ts";
import { layerErrors } from "./layer-errors.ts";
import { openModel } from "./open-model.ts";
import { measureRecall, planRecall } from "./recall.ts";
import { evaluationPage } from "./report-page.ts";
import { writeText } from "./save-model.ts";
import { planTasks, scoreTasks } from "./tasks.ts";
import { defaultThreads } from "./threads.ts";
import { evaluationText } from "./training-text.ts";
import { type Figures, figures, type VariantName, variantsOf } from "./variants.ts";

/** What is compared. */
export interface Comparison {
  readonly model: { readonly name: string; readonly model: Model };
  readonly teacher?: { readonly name: string; readonly model: Model } | undefined;
  readonly ids: ArrayLike<number>;
  readonly lengths: readonly number[];
  /** Tokens scored per length. */
  readonly maxTokens: number;
  readonly ablations: boolean;
  readonly context: Context;
}

/** Measures a model beside its teacher and its ablations. */
export async function compareModels(engine: Engine, comparison: Comparison): Promise<EvaluateDocument> {
  const { model, teacher, ids, lengths, maxTokens, context } = comparison;
  const converted = isConverted(model.model);
  const variants = variantsOf({ ...comparison, model: model.model, teacher: teacher?.model });
  const names = { model: model.name, against: teacher?.name ?? null };
  if (lengths.length === 0) return { ...names, ...nothing };
  const tokensOf = (length: number) => Math.floor(Math.min(ids.length, maxTokens) / length) * length;
  const total = lengths.reduce((sum, length) => sum + tokensOf(length) * variants.length, 0);
  const progress = context.reporter.stage("evaluate", { tokens: total });
  const rows: EvaluateDocument["perplexity"] = [];
  const longest = Math.max(...lengths);
  const places = new Map<VariantName, Float64Array>();
  let before = 0;
  try {
    for (const length of lengths) {
      const beyond = teacher !== undefined && length > teacher.model.architecture.context;
      const measured: Partial<Record<VariantName, number | null>> = {};
      let scored = 0;
      for (const variant of variants) {
        if (variant.name === "teacher" && beyond) continue;
        const forward = new ForwardPass(engine, variant.model, variant.ablation);
        const result = await perplexity(forward, ids, {
          length,
          maxTokens,
          signal: context.signal,
          progress: (tokens) => progress.update({ done: before + tokens }),
        });
        // Blocks of one length and variant serve no other.
        await engine.release();
        before += tokensOf(length);
        measured[variant.name] = finite(result.perplexity);
        scored = result.tokens;
        if (length === longest) places.set(variant.name, result.places);
      }
      rows.push(perplexityRow(length, scored, figures(measured), beyond));
    }
  } finally {
    progress.end();
  }
  const first = Array.from({ length: longest }, (_unused, index) => ids[index] ?? 0);
  const shares = converted ? await linearShares(new ForwardPass(engine, model.model), first) : [];
  const judged = lengths.filter((length) => length <= (teacher?.model.architecture.context ?? 0));
  const errors =
    teacher === undefined || judged.length === 0
      ? []
      : await layerErrors(
          engine,
          { student: model.model, teacher: teacher.model },
          { ids, length: Math.max(...judged), signal: context.signal },
        );
  return {
    ...names,
    ...nothing,
    perplexity: rows,
    by_position: positionRows(longest, places),
    linear_share: meanShare(shares),
    linear_shares: shares,
    layer_errors: errors,
  };
}

/** What a document holds where nothing was measured. */
const nothing = {
  perplexity: [],
  by_position: [],
  tasks: [],
  recall: [],
  linear_share: null,
  linear_shares: [],
  layer_errors: [],
} satisfies Omit<EvaluateDocument, "model" | "against">;

function positionRows(length: number, places: ReadonlyMap<VariantName, Float64Array>): EvaluateDocument["by_position"] {
  return positionSpans(length).map((span) => {
    const measured = [...places].map(([name, losses]) => [name, finite(spanPerplexity(losses, span))] as const);
    return { ...span, ...figures(Object.fromEntries(measured)) };
  });
}

const finite = (value: number) => (Number.isFinite(value) ? value : null);

function perplexityRow(
  length: number,
  tokens: number,
  measured: Figures,
  beyond: boolean,
): EvaluateDocument["perplexity"][number] {
  const { model, teacher } = measured;
  const ratio = model === null || teacher === null ? null : model / teacher;
  return { length, tokens, ...measured, ratio, beyond_teacher_context: beyond };
}

/** Window lengths of the final comparison: those the text and the teacher reach. */
export function comparedLengths({ architecture }: Model, tokens: number): number[] {
  const longest = Math.min(architecture.context, tokens);
  const lengths = [256, 512, 2048].filter((length) => length <= longest);
  return lengths.length > 0 ? lengths.slice(-2) : [longest];
}

const defaultLengths = [512, 2048];

/** Opens the models and the text, and compares. */
export const evaluate: Verb<EvaluateOptions, EvaluateDocument> = async (options, context) => {
  const { reporter } = context;
  const tasks = await planTasks(options);
  const textless = options.lengths?.length === 0;
  const asked = tasks.length + (options.recall?.length ?? 0) + (options.recallData?.length ?? 0);
  if (textless && asked === 0) {
    throw new SubquadError("evaluate: nothing is left to measure: give --tasks or --recall, or lengths for --lengths");
  }
  const opened = await openModel(options.model, { tokenizer: options.tokenizer, family: options.family, reporter });
  const teacher =
    options.against === undefined
      ? undefined
      : await openModel(options.against, { tokenizer: options.tokenizer, family: options.family, reporter });
  if (asked > 0) requireDecoder(opened);
  const ids = textless && options.text === undefined ? [] : await evaluationText(options.text, opened);
  const longest = Math.min(ids.length, options.maxTokens);
  const lengths =
    options.lengths ??
    defaultLengths.filter((length) => length <= Math.min(longest, opened.model.architecture.context));
  const tooLong = lengths.find((length) => length > longest);
  if (tooLong !== undefined || (lengths.length === 0 && !textless)) {
    throw new SubquadError(
      `evaluate: the text has ${longest} tokens to score, too few for a window of ${tooLong ?? "any length"}; give --lengths or more text`,
    );
  }
  const plan = await planRecall(options, {
    tokenizer: opened.tokenizer,
    hay: options.text === undefined ? undefined : ids,
    context: opened.model.architecture.context,
  });
  const engine = createEngine({ threads: options.threads ?? defaultThreads() });
  try {
    const compared = await compareModels(engine, {
      model: { name: options.model, model: opened.model },
      teacher: teacher && { name: teacher.name, model: teacher.model },
      ids,
      lengths,
      maxTokens: options.maxTokens,
      ablations: options.ablations,
      context,
    });
    const variants = variantsOf({ model: opened.model, teacher: teacher?.model, ablations: options.ablations });
    const recall =
      plan === undefined ? [] : await measureRecall(engine, plan, { variants, tokenizer: opened.tokenizer, context });
    const scored = await scoreTasks(engine, tasks, { opened, teacher, variants }, options, context);
    const document = { ...compared, tasks: scored, recall };
    if (options.report !== undefined) await writeText(options.report, evaluationPage(document, opened));
    return document;
  } finally {
    await engine.release();
  }
};
