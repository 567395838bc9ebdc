/** Recurrences as one operator of the engine, differentiated through the chunked form. */
import {
  broadcastTo,
  gatedLinearAttention,
  gradient,
  scalar,
  stopGradient,
  type Value,
  withGradient,
} from "../../graph/index.ts";
import { repeatHeads } from "../heads.ts";
import { chunkLength } from "./chunks.ts";
import { initialOf } from "./parts.ts";
import type { ChunkedTokens, Recurred, Tokens } from "./recurrence.ts";

/**
 * The fused operator over decayed tokens, with the delta rule where there is a `strength`. It keeps no states between
 * tokens: its gradient is that of `chunked` on the same tokens.
 */
export function fusedRecurrence(tokens: Tokens, chunked: (tokens: ChunkedTokens) => Recurred): Recurred {
  const { queries, keys, gates = {} } = tokens;
  const [batch = 1, heads = 1, length = 1, features = 1] = queries.shape;
  const values = repeatHeads(tokens.values, heads);
  const initial = tokens.state
    ? initialOf(tokens.state, "recurrent")
    : broadcastTo(scalar(0), [batch, heads, features, values.shape[3] ?? 1]);
  const spread = (gate: Value | undefined) => gate && broadcastTo(gate, [batch, heads, length, gate.shape[3] ?? 1]);
  const [decay, strength] = [spread(gates.decay), spread(gates.strength)];
  const fused = gatedLinearAttention(queries, keys, values, initial, {
    ...(decay && { decay }),
    ...(strength && { strength }),
  });
  const sources = { queries, keys, values, initial, ...(decay && { decay }), ...(strength && { strength }) };
  // Copies: where one source is made of another (keys of the decay), each must get its own gradient alone.
  const copies = Object.fromEntries(
    Object.entries(sources).map(([name, value]) => [name, stopGradient(value)]),
  ) as typeof sources;
  const reference = () =>
    chunked({
      queries: copies.queries,
      keys: copies.keys,
      values: copies.values,
      gates: copies,
      state: { recurrent: copies.initial },
      chunk: chunkLength,
      wholeChunks: false,
    });
  const through = (value: Value, pick: (recurred: Recurred) => Value | undefined) =>
    withGradient(value, Object.values(sources), (upstream) => {
      const same = pick(reference());
      return same === undefined ? [] : gradient([{ value: same, gradient: upstream }], Object.values(copies));
    });
  return {
    output: through(fused.output, ({ output }) => output),
    state: { recurrent: through(fused.state, ({ state }) => state.recurrent) },
  };
}
