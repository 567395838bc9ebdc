/**
 * States whose every element decays on its own: S_t = α_t ⊙ S_{t−1} + k_tᵀ v_t with α per value (HGRN, arXiv 2311.04823) or per
 * feature and value (Mamba, arXiv 2312.00752). No product of matrices computes them: a scan does, over all chunks at once.
 */
import {
  add,
  broadcastTo,
  cumulativeSum,
  exp,
  linearScan,
  multiply,
  pad,
  reshape,
  scalar,
  slice,
  subtract,
  sum,
  transpose,
  type Value,
} from "../../graph/index.ts";
import { repeatHeads } from "../heads.ts";
import { gateOf, initialOf } from "./parts.ts";
import type { Recurred, Recurrence, Tokens } from "./recurrence.ts";
import { earlierBias } from "./triangle.ts";

/** Tokens with the state's axes: all `[batch, heads, length, features or 1, columns or 1]`. */
interface Cells {
  readonly queries: Value;
  readonly written: Value;
  readonly decay: Value;
  readonly initial: Value;
}

function cellsOf({ queries, keys, values, gates, state }: Tokens): Cells {
  const [batch = 1, heads = 1, length = 1, features = 1] = queries.shape;
  const columns = values.shape[3] ?? 1;
  const rows = (x: Value) => reshape(x, [...x.shape, 1]);
  const repeated = repeatHeads(values, heads);
  const decay = gateOf(gates, "decay");
  const width = decay.shape[3] ?? 1;
  return {
    queries: rows(queries),
    written: multiply(rows(keys), reshape(repeated, [batch, heads, length, 1, columns])),
    decay: reshape(broadcastTo(decay, [batch, heads, length, width]), [batch, heads, length, width / columns, columns]),
    initial: state === undefined ? scalar(0, [batch, heads, features, columns]) : initialOf(state, "recurrent"),
  };
}

/** The states read by the queries: Σ over features. */
function read(queries: Value, states: Value): Value {
  const [batch = 1, heads = 1, length = 1, , columns = 1] = states.shape;
  return reshape(sum(multiply(queries, states), [3]), [batch, heads, length, columns]);
}

/** By the matrix of factors between all pairs of tokens. */
function parallel(tokens: Tokens): Recurred {
  const { queries, written, decay, initial } = cellsOf(tokens);
  const [batch = 1, heads = 1, length = 1, features = 1, columns = 1] = written.shape;
  const reach = cumulativeSum(decay, 2);
  const pairs = (x: Value, axis: number) => reshape(x, x.shape.toSpliced(axis, 0, 1));
  const bias = reshape(earlierBias(length), [length, length, 1, 1]);
  const fading = exp(add(subtract(pairs(reach, 3), pairs(reach, 2)), bias));
  const own = reshape(sum(multiply(fading, pairs(written, 2)), [3]), [batch, heads, length, features, columns]);
  const carried = multiply(exp(reach), reshape(initial, [batch, heads, 1, features, columns]));
  const states = add(own, carried);
  const last = reshape(slice(states, 2, length - 1), initial.shape);
  return { output: read(queries, states), state: { recurrent: last } };
}

/**
 * In about √length chunks of √length tokens: one scan walks the places of all chunks together, a second one the chunks.
 * Factors are products of numbers up to 1, so nothing overflows.
 */
function chunked(tokens: Tokens): Recurred {
  const { queries, written, decay, initial } = cellsOf(tokens);
  const [batch = 1, heads = 1, length = 1, features = 1, columns = 1] = written.shape;
  const chunk = 2 ** Math.ceil(Math.log2(Math.sqrt(length)));
  const chunks = Math.ceil(length / chunk);
  // [place, chunk, batch, heads, …]
  const cut = (x: Value) => {
    const [, , , rows = 1, width = 1] = x.shape;
    const whole = pad(x, 2, 0, chunks * chunk - length);
    return transpose(reshape(whole, [batch, heads, chunks, chunk, rows, width]), [3, 2, 0, 1, 4, 5]);
  };
  const places = cut(decay);
  const within = linearScan(exp(places), cut(written), scalar(0, [chunks, batch, heads, features, columns]));
  const passed = linearScan(exp(sumOver(places)), within.final, initial);
  // A state is what its chunk wrote up to it, and what the chunk received, faded.
  const reach = exp(cumulativeSum(places, 0));
  const own = add(multiply(exp(places), within.before), cut(written));
  const states = add(own, multiply(reach, reshape(passed.before, [1, ...passed.before.shape])));
  const joined = reshape(transpose(states, [2, 3, 1, 0, 4, 5]), [batch, heads, chunks * chunk, features, columns]);
  return { output: read(queries, slice(joined, 2, 0, length)), state: { recurrent: passed.final } };
}

/** The first axis summed away. */
function sumOver(x: Value): Value {
  return reshape(sum(x, [0]), x.shape.slice(1));
}

function step(tokens: Tokens): Recurred {
  const { queries, written, decay, initial } = cellsOf(tokens);
  const first = (x: Value) => reshape(x, [...x.shape.slice(0, 2), ...x.shape.slice(3)]);
  const next = add(multiply(exp(first(decay)), initial), first(written));
  return { output: read(queries, reshape(next, written.shape)), state: { recurrent: next } };
}

/** The state that decays element by element: gate `decay` of `columns` or `features · columns` numbers. */
export const elementwise: Recurrence = {
  layout: ({ batch, heads, features, columns }) => ({ recurrent: [batch, heads, features, columns] }),
  parallel,
  chunked,
  step,
  lacks: { fused: "no operator of the engine decays single elements" },
};
