/** One budget of tokens for a whole recipe: shared out to its stages in the recipe's own proportions. */
import { SubquadError } from "../errors.ts";
import type { Recipe } from "./schema.ts";
import type { Stage } from "./stage-schema.ts";
import { formatTokenCount } from "./token-count.ts";

/** Fewer optimizer steps than these hardly train: a stage that would have fewer takes smaller ones. */
const FEWEST_STEPS = 100;

/** Of a stage's steps, at most one in so many is warm-up, and evaluations are at most so far apart. */
const PARTS = 10;

/**
 * The recipe with `budget` tokens in all stages together, in the proportions of their own. A stage has at least one step.
 * One of fewer than 100 optimizer steps takes smaller ones (`accumulate`); warm-up and `evaluate_every` are at most a tenth
 * of the steps. Tokens of a stage that trains layers in groups count once: every group reads the same text again.
 * @throws SubquadError where the budget is less than one step of each stage.
 */
export function budgetRecipe<Mixer>(recipe: Recipe<Mixer>, budget: number): Recipe<Mixer> {
  const { name, stages } = recipe;
  const least = stages.reduce((sum, stage) => sum + leastTokens(stage), 0);
  if (budget < least) {
    throw new SubquadError(
      `a budget of ${formatTokenCount(budget)} tokens is less than one step of each stage of ${name}, ` +
        `which take ${least}; give more, or shorter sequences with --length`,
    );
  }
  const shares = sharesOf(stages, budget);
  return { ...recipe, stages: stages.map((stage, index) => withTokens(stage, shares[index] ?? 0)) };
}

/** Tokens of the smallest step a stage can take. */
function leastTokens({ length, batch }: Pick<Stage, "length" | "batch">): number {
  return length * batch;
}

/** The tokens of each stage: in proportion, but for those that need more than their share for a single step. */
function sharesOf(stages: readonly Stage[], budget: number): number[] {
  const raised = new Set<Stage>();
  for (;;) {
    const free = stages.filter((stage) => !raised.has(stage));
    const rest = budget - [...raised].reduce((sum, stage) => sum + leastTokens(stage), 0);
    const total = free.reduce((sum, { tokens }) => sum + tokens, 0);
    const shareOf = (stage: Stage) => Math.floor((rest * stage.tokens) / total);
    const poor = free.filter((stage) => shareOf(stage) < leastTokens(stage));
    if (poor.length === 0) return stages.map((stage) => (raised.has(stage) ? leastTokens(stage) : shareOf(stage)));
    for (const stage of poor) raised.add(stage);
  }
}

function withTokens(stage: Stage, tokens: number): Stage {
  const repeats = stage.kind === "layerwise" ? stage.updates_per_pass : 1;
  const passes = Math.floor(tokens / leastTokens(stage));
  const accumulate = Math.max(1, Math.min(stage.accumulate, Math.floor(passes / Math.ceil(FEWEST_STEPS / repeats))));
  const steps = Math.max(1, Math.floor(passes / accumulate)) * repeats;
  const tenth = Math.floor(steps / PARTS);
  return {
    ...stage,
    tokens,
    accumulate,
    schedule: { ...stage.schedule, warmup: Math.min(stage.schedule.warmup, tenth) },
    evaluate_every: Math.min(stage.evaluate_every, Math.max(1, tenth)),
  };
}
