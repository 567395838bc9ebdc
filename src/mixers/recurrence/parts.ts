/** Small parts that recurrences share. */
import { broadcastTo, matmul, transpose, type Value } from "../../graph/index.ts";
import { MixerError } from "../errors.ts";
import type { RecurrentState, Tokens } from "./recurrence.ts";

/** A tensor of the state before the first token. Throws a MixerError where it was not given. */
export function initialOf(state: RecurrentState, name: string): Value {
  const value = state[name];
  if (value === undefined) throw new MixerError(`the mixer's state "${name}" was not given`);
  return value;
}

/** A gate of the tokens. Throws a MixerError where it was not given. */
export function gateOf(gates: Tokens["gates"], name: string): Value {
  const value = gates?.[name];
  if (value === undefined) throw new MixerError(`the state's gate "${name}" was not given`);
  return value;
}

/** A gate of every token, `[batch, heads, length, width]`. Throws a MixerError where it was not given. */
export function eachOf({ queries, gates }: Tokens, name: string): Value {
  const gate = gateOf(gates, name);
  const [batch = 1, heads = 1, length = 1] = queries.shape;
  return broadcastTo(gate, [batch, heads, length, gate.shape[3] ?? 1]);
}

/** Σ_t k_tᵀ v_t over the second axis from the end. */
export const outer = (keys: Value, values: Value): Value => matmul(keys, values, { transposeA: true });

/** The last two axes exchanged. */
export function swapLast(x: Value): Value {
  const rank = x.shape.length;
  const axes = Array.from({ length: rank }, (_unused, axis) => axis);
  return transpose(x, [...axes.slice(0, -2), rank - 1, rank - 2]);
}
