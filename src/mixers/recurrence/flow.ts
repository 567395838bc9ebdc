/**
 * Flow attention (Flowformer, arXiv 2202.06258): what a query receives and what a key gives are conserved. Keys compete by a
 * running softmax of what flows out of them, queries take by a sigmoid of what flows into them; the counts are those so far.
 */
import { add, divide, exp, maximum, minimum, multiply, sigmoid, sum, type Value } from "../../graph/index.ts";
import { repeatHeads } from "../heads.ts";
import { additive, allOf } from "./additive.ts";
import { placesOf } from "./places.ts";
import type { Recurred, Recurrence, Tokens } from "./recurrence.ts";
import { type Order, overAll, upToEach } from "./running.ts";

/** Added to both factors of every product of flows. */
const epsilon = 1e-6;

/** (a + ε) · (b + ε) of each token, `[batch, heads, length, 1]`. */
const flow = (a: Value, b: Value): Value => sum(multiply(add(a, epsilon), add(b, epsilon)), [-1]);

function form(base: (tokens: Tokens) => Recurred, order: Order = upToEach) {
  return (tokens: Tokens): Recurred => {
    const { keys, state } = tokens;
    const place = placesOf(tokens);
    const present = minimum(place, 1);
    const count = order.count(place);
    const queries = multiply(tokens.queries, present);
    const running = (x: Value, name: string) => order.sums(x, state, name);
    const [sumKeys, sumQueries] = [running(keys, "sumKeys"), running(queries, "sumQueries")];
    const incoming = divide(count, flow(queries, sumKeys.upTo));
    const outgoing = divide(count, flow(keys, sumQueries.upTo));
    const sinks = running(multiply(keys, outgoing), "sumSinks");
    const sources = running(multiply(queries, incoming), "sumSources");
    const conservedSink = divide(flow(queries, sinks.upTo), count);
    const conservedSource = divide(flow(keys, sources.upTo), count);
    const strength = multiply(exp(maximum(minimum(conservedSource, 1), -1)), present);
    const strengths = running(strength, "sumStrengths");
    const competition = multiply(divide(strength, maximum(strengths.upTo, epsilon)), count);
    const values = multiply(repeatHeads(tokens.values, keys.shape[1] ?? 1), competition);
    const recurred = base({ ...tokens, queries, values });
    const allocation = multiply(sigmoid(conservedSink), divide(incoming, count));
    return {
      output: multiply(recurred.output, allocation),
      state: {
        ...recurred.state,
        sumKeys: sumKeys.final,
        sumQueries: sumQueries.final,
        sumSinks: sinks.final,
        sumSources: sources.final,
        sumStrengths: strengths.final,
      },
    };
  };
}

/** The state of flow attention. */
export const flowing: Recurrence = {
  layout: ({ batch, heads, features, columns }) => ({
    recurrent: [batch, heads, features, columns],
    sumKeys: [batch, heads, 1, features],
    sumQueries: [batch, heads, 1, features],
    sumSinks: [batch, heads, 1, features],
    sumSources: [batch, heads, 1, features],
    sumStrengths: [batch, heads, 1, 1],
  }),
  parallel: form(additive.parallel),
  chunked: (tokens) => form((same) => additive.chunked({ ...tokens, ...same }))(tokens),
  step: form(additive.step),
  whole: form(allOf.whole, overAll),
  dense: form(allOf.dense, overAll),
  ...(additive.fused && { fused: form(additive.fused) }),
};
