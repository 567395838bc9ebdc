/**
 * A state in partitions, of which each token writes and reads a few (SSE, arXiv 2507.16577): partitions are further heads,
 * whose keys and queries are zero, and which stand still, where a token has not chosen them.
 */
import {
  broadcastTo,
  concat,
  greater,
  multiply,
  reshape,
  scalar,
  sum,
  transpose,
  type Value,
  where,
} from "../../graph/index.ts";
import { gateOf } from "./parts.ts";
import type { Recurred, Recurrence, Tokens } from "./recurrence.ts";

/** Factors of the partitions, the shared one first: `[batch, heads or 1, 1 + partitions, length, 1]`. */
function factorsOf(route: Value): Value {
  const [batch = 1, heads = 1, length = 1, partitions = 1] = route.shape;
  const byPartition = reshape(transpose(route, [0, 1, 3, 2]), [batch, heads, partitions, length, 1]);
  return concat([scalar(1, [batch, heads, 1, length, 1]), byPartition], 2);
}

function whole(base: (tokens: Tokens) => Recurred) {
  return ({ queries, keys, gates = {}, ...tokens }: Tokens): Recurred => {
    const { route: _route, ...own } = gates;
    const weights = factorsOf(gateOf(gates, "route"));
    const chosen = where(greater(weights, 0), 1, 0);
    const [batch = 1, heads = 1, length = 1] = queries.shape;
    const parts = weights.shape[2] ?? 1;
    const perPart = (x: Value, factors: Value) => {
      const [, , , width = 1] = x.shape;
      const product = multiply(reshape(x, [...x.shape.slice(0, 2), 1, ...x.shape.slice(2)]), factors);
      return reshape(broadcastTo(product, [batch, heads, parts, length, width]), [batch, heads * parts, length, width]);
    };
    const recurred = base({
      ...tokens,
      queries: perPart(queries, weights),
      keys: perPart(keys, weights),
      gates: Object.fromEntries(Object.entries(own).map(([name, gate]) => [name, perPart(gate, chosen)])),
    });
    const columns = recurred.output.shape[3] ?? 1;
    const read = sum(reshape(recurred.output, [batch, heads, parts, length, columns]), [2]);
    return { ...recurred, output: reshape(read, [batch, heads, length, columns]) };
  };
}

/** `base` in one shared and several chosen partitions: gate `route` `[batch, heads or 1, length, partitions]`, 0 where not chosen. */
export function partitioned(base: Recurrence, partitions: number): Recurrence {
  return {
    layout: ({ heads, ...sizes }) => base.layout({ ...sizes, heads: heads * (1 + partitions) }),
    parallel: whole(base.parallel),
    chunked: (tokens) => whole((same) => base.chunked({ ...tokens, ...same }))(tokens),
    step: whole(base.step),
    ...(base.fused && { fused: whole(base.fused) }),
    ...(base.lacks && { lacks: base.lacks }),
  };
}
