/** What queries meet beside a window's own keys: the sequence's first tokens, and learned scores. */
import { broadcastTo, reshape, type Value, where } from "../../graph/index.ts";
import type { MixerInputs, MixerSizes } from "../contract.ts";
import { sharedByGroup } from "../heads.ts";
import { learned } from "../parameter.ts";
import { hidden } from "../recurrence/triangle.ts";
import type { MixerSpec } from "../spec.ts";
import type { Window } from "../windows/index.ts";
import type { Met } from "./attend.ts";
import { scoresOf } from "./scores.ts";
import type { Timeline } from "./timeline.ts";

/**
 * Queries `[batch, groups, heads / groups, …, dim]` as they meet the first tokens; `sees` says which of the first tokens each of them sees (it
 * broadcasts against their scores), and is absent where they see all.
 */
export function sinkScores(
  window: Window,
  { parameters }: MixerInputs,
  { first }: Timeline,
  { groups, heads }: MixerSizes,
  queries: Value,
  spec: MixerSpec,
  sees: Value | undefined,
): Met[] {
  const between = queries.shape.slice(2, -2).map(() => 1);
  const met: Met[] = [];
  if (first !== undefined) {
    const spread = (x: Value) => {
      const shared = sharedByGroup(x);
      return reshape(shared, [...shared.shape.slice(0, 2), ...between, ...shared.shape.slice(-2)]);
    };
    const products = scoresOf(spec, queries, spread(first.keys));
    met.push({ scores: sees ? where(sees, products, hidden) : products, values: spread(first.values) });
  }
  if (window.logits > 0) {
    const { logits } = window;
    const ones = queries.shape.slice(4).map(() => 1);
    const scores = reshape(learned(parameters, "window.sinks"), [1, groups, heads / groups, ...ones, logits]);
    met.push({ scores: broadcastTo(scores, [...queries.shape.slice(0, -1), logits]) });
  }
  return met;
}
