/** What was measured in plain words: how close the model is to its teacher, and whether its linear part matters. */
import { measured, percent } from "../../units.ts";
import type { Evaluation, LengthRow, TaskRow } from "./content.ts";

/** A model within this factor of its teacher's perplexity is close; above it, more training is the first thing to try. */
export const closeRatio = 1.1;
/** Above this factor it is far. */
const farRatio = 1.5;
/** How much better than its window alone a model must be for its linear part to matter. */
export const linearGain = 0.98;

/** A judgement with what it stands on. */
export interface Verdict {
  readonly tone: "good" | "fair" | "poor" | "unknown";
  readonly headline: string;
  readonly sentences: readonly string[];
}

/** The verdict on what was measured. */
export function verdict(evaluation: Evaluation): Verdict {
  const sentences = [
    ...ratios(evaluation),
    ...margins(evaluation.tasks),
    ...(evaluation.linear_share === null
      ? []
      : [`${percent(evaluation.linear_share)} of the layers' output comes from the linear part.`]),
    ...ablation(evaluation),
  ];
  return { ...judgement(evaluation), sentences };
}

function judgement({ perplexity, against }: Evaluation): Pick<Verdict, "tone" | "headline"> {
  const known = perplexity.flatMap(({ ratio }) => ratio ?? []);
  if (known.length === 0) {
    return { tone: "unknown", headline: against === null ? "Measured without a teacher" : "Beside its teacher" };
  }
  const worst = Math.max(...known);
  if (worst <= 1) return { tone: "good", headline: "As good as its teacher" };
  if (worst <= closeRatio) return { tone: "good", headline: "Close to its teacher" };
  if (worst <= farRatio) return { tone: "fair", headline: "Behind its teacher" };
  return { tone: "poor", headline: "Far from its teacher" };
}

const listed = (parts: readonly string[]) =>
  parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;

function timesTeacher({ length, ratio }: LengthRow, index: number): string {
  return `${measured(ratio)} times ${index === 0 ? "its teacher's " : ""}at ${length} tokens`;
}

/** The perplexity at each length, as a ratio where there is one. */
function ratios({ perplexity }: Evaluation): string[] {
  const compared = perplexity.filter(({ ratio }) => ratio !== null);
  const alone = perplexity.filter(({ ratio, model }) => ratio === null && model !== null);
  const beyond = alone.every(({ beyond_teacher_context }) => beyond_teacher_context);
  const at = ({ length }: LengthRow, figure: number | null) => `${measured(figure)} at ${length} tokens`;
  return [
    ...(compared.length === 0 ? [] : [`Its perplexity is ${listed(compared.map(timesTeacher))}.`]),
    ...(alone.length === 0
      ? []
      : [
          `${beyond ? "Beyond its teacher's context its perplexity is" : "Its perplexity is"} ${listed(alone.map((row) => at(row, row.model)))}.`,
        ]),
  ];
}

function margins(tasks: readonly TaskRow[]): string[] {
  const kept = tasks.filter(({ group }) => group === null).flatMap(({ margin_kept }) => margin_kept ?? []);
  if (kept.length === 0) return [];
  const mean = kept.reduce((sum, share) => sum + share, 0) / kept.length;
  const over = kept.length === 1 ? "one score" : `${kept.length} scores`;
  return [`It keeps ${percent(mean)} of its teacher's margin over chance, in the mean over ${over} of tasks.`];
}

/** What the linear part is good for at the greatest length, where layers have a window beside it. */
function ablation({ perplexity, linear_share }: Evaluation): string[] {
  const row = perplexity.findLast(({ model, window_only }) => model !== null && window_only !== null);
  if (row === undefined || linear_share === null) return [];
  const [model, window] = [row.model ?? Number.NaN, row.window_only ?? Number.NaN];
  const at = `At ${row.length} tokens`;
  if (model > window) {
    return [
      `${at} the window alone does better, ${measured(window)} against ${measured(model)}: the linear part does harm.`,
    ];
  }
  if (model > linearGain * window) {
    return [`${at} the window alone does nearly as well, ${measured(window)} against ${measured(model)}.`];
  }
  return [`${at} the perplexity without the linear part would be ${measured(window / model, 3)} times as high.`];
}
