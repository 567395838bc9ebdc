/** Several steps of an update rule per token: the state decays before the first and is read after the last (arXiv 2502.10297). */
import { broadcastTo, concat, pad, reshape, slice, type Value } from "../../graph/index.ts";
import { repeatHeads } from "../heads.ts";
import { gateOf } from "./parts.ts";
import type { Recurred, Recurrence, Tokens } from "./recurrence.ts";

/** `[batch, heads, length, count · width]` as `[batch, heads, length · count, width]`: a token's steps one after another. */
function unfold(x: Value, count: number): Value {
  const [batch = 1, heads = 1, length = 1, width = 1] = x.shape;
  return reshape(x, [batch, heads, length * count, width / count]);
}

/** Numbers of one of a token's steps, zeros for the others: `[batch, heads, length · count, width]`. */
function onlyAt(x: Value, place: number, count: number): Value {
  const [batch = 1, heads = 1, length = 1, width = 1] = x.shape;
  const apart = pad(reshape(x, [batch, heads, length, 1, width]), 3, place, count - 1 - place);
  return reshape(apart, [batch, heads, length * count, width]);
}

/** The readings after each token's last step. */
function lastOf(x: Value, count: number): Value {
  const [batch = 1, heads = 1, steps = 1, width = 1] = x.shape;
  const apart = reshape(x, [batch, heads, steps / count, count, width]);
  return reshape(slice(apart, 3, count - 1), [batch, heads, steps / count, width]);
}

function expand(tokens: Tokens, count: number): Tokens {
  const { queries, keys, gates } = tokens;
  const [batch = 1, heads = 1, length = 1] = queries.shape;
  const decay = gates?.decay;
  const spread = decay && broadcastTo(decay, [batch, heads, length, decay.shape[3] ?? 1]);
  const values = repeatHeads(tokens.values, heads);
  const joined = (first: Value, others: string) => unfold(concat([first, gateOf(gates, others)], 3), count);
  return {
    queries: onlyAt(queries, count - 1, count),
    keys: joined(keys, "moreKeys"),
    values: joined(values, "moreValues"),
    gates: {
      strength: joined(gateOf(gates, "strength"), "moreStrengths"),
      ...(spread && { decay: onlyAt(spread, 0, count) }),
    },
    ...(tokens.state && { state: tokens.state }),
  };
}

/**
 * `count` steps of `rule` per token: the first by the token's own key, value and strength, the others by the gates
 * `moreKeys`, `moreValues` and `moreStrengths`, each `count − 1` times as wide.
 */
export function stepsPerToken(rule: Recurrence, count: number): Recurrence {
  const through =
    <T extends Tokens>(form: (tokens: T) => Recurred) =>
    (tokens: T): Recurred => {
      const recurred = form({ ...tokens, ...expand(tokens, count) });
      return { ...recurred, output: lastOf(recurred.output, count) };
    };
  const { fused, masked: _masked, ...rest } = rule;
  return {
    ...rest,
    parallel: through(rule.parallel),
    chunked: through(rule.chunked),
    // A token is several steps: those of one token are its sequence.
    step: through((tokens) => rule.parallel(tokens)),
    ...(fused && { fused: through(fused) }),
  };
}
