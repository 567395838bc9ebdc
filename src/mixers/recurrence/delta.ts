/**
 * States that erase before they write: S' = α_t S_{t−1}, S_t = S' + k_tᵀ u_t − r_tᵀ (p_t S'). The delta rule has r = k, p = β k
 * and u = β v (arXiv 2406.06484, 2412.06464); general rules have an own key r to erase by (arXiv 2503.14456).
 */
import {
  add,
  cumulativeSum,
  exp,
  linearScan,
  matmul,
  multiply,
  numbers,
  scalar,
  slice,
  subtract,
  type Value,
} from "../../graph/index.ts";
import { repeatHeads } from "../heads.ts";
import { chunkFor, fromChunks, toChunks } from "./chunks.ts";
import {
  decayedWeights,
  exactWeights,
  fadedFromStart,
  fadedToEnd,
  headWeights,
  notTooSteep,
} from "./decayed-weights.ts";
import { erasingScan } from "./erasing-scan.ts";
import { fusedRecurrence } from "./fused.ts";
import { gateOf, initialOf, outer, swapLast } from "./parts.ts";
import type { ChunkedTokens, Recurred, Recurrence, Tokens } from "./recurrence.ts";
import { lower, unitLowerInverse } from "./triangle.ts";

/** Options of an erasing state. */
export interface DeltaOptions {
  readonly per: "none" | "head" | "feature";
  /** Whether the erased value is read from the decayed state S', or from S_{t−1} as it was. */
  readonly erases: "decayed" | "undecayed";
  /** Whether tokens bring an own key r (gate `removal`) to erase by; else they erase by the key they write. */
  readonly removal: boolean;
  /** Whether tokens bring the vector p (gate `erase`); else p = β k and u = β v (gate `strength`). */
  readonly erase: boolean;
}

/** One chunk's tokens, or a whole sequence's: all `[…, rows, width]`. */
interface Rows {
  readonly queries: Value;
  readonly keys: Value;
  /** What is written, u. */
  readonly written: Value;
  /** What is read before it is erased, p. */
  readonly erase: Value;
  /** The key to erase by, r. */
  readonly removal: Value | undefined;
  /** log α; absent for none. */
  readonly decay: Value | undefined;
}

function rowsOf({ erase, removal }: DeltaOptions, tokens: Tokens): Rows {
  const { queries, keys, gates } = tokens;
  const values = repeatHeads(tokens.values, queries.shape[1] ?? 1);
  const strength = erase ? undefined : gateOf(gates, "strength");
  const decay = gates?.decay;
  return {
    queries,
    keys,
    written: strength === undefined ? values : multiply(values, strength),
    erase: strength === undefined ? gateOf(gates, "erase") : multiply(keys, strength),
    removal: removal ? gateOf(gates, "removal") : undefined,
    decay,
  };
}

function mapRows(rows: Rows, f: (x: Value) => Value): Rows {
  const { queries, keys, written, erase, removal, decay } = rows;
  return {
    queries: f(queries),
    keys: f(keys),
    written: f(written),
    erase: f(erase),
    removal: removal && f(removal),
    decay: decay && f(decay),
  };
}

/** A chunk's outputs and next state as linear functions of the state before it. */
interface Linear {
  /** o = read S + own. */
  readonly read: Value;
  readonly own: Value;
  /** S_next = pass S + added. */
  readonly pass: Value;
  readonly added: Value;
}

/** The weights of pairs of tokens, Σ_d a_id b_jd exp(A_id − B_jd) below the diagonal. */
type Pairs = (a: Value, b: Value, aDecay: Value, below: 0 | 1) => Value;

/** What both kinds of chunks are made of. */
interface Faded {
  /** Queries and the vectors p from the chunk's beginning, keys (and removal keys) to its end. */
  readonly queries: Value;
  readonly erase: Value;
  readonly ends: (x: Value) => Value;
  readonly whole: Value | undefined;
  /** Weights of queries or of the vectors p on keys. */
  readonly ofQueries: (keys: Value) => Value;
  readonly ofErase: (keys: Value) => Value;
}

function faded({ per, erases }: DeltaOptions, rows: Rows, exact: boolean): Faded {
  const size = rows.queries.shape.at(-2) ?? 1;
  const blocked = per === "feature" && !exact;
  const steep = (decay: Value) => (blocked ? notTooSteep(decay) : decay);
  const decay = rows.decay && steep(rows.decay);
  const reach = decay && cumulativeSum(decay, -2);
  const eraseReach = reach && decay && erases === "undecayed" ? subtract(reach, decay) : reach;
  const whole = reach && slice(reach, -2, size - 1);
  const rest = whole && reach && subtract(whole, reach);
  const fade = (x: Value, exponent: Value | undefined) => (exponent === undefined ? x : multiply(x, exp(exponent)));
  const pairs: Pairs = (a, b, aDecay, below) => {
    if (reach === undefined) return lower(matmul(a, b, { transposeB: true }), below);
    const together = { queries: a, keys: b, queryDecay: aDecay, keyDecay: reach, below };
    return per === "head" ? headWeights(together) : exact ? exactWeights(together) : decayedWeights(together);
  };
  const fromStart = (x: Value, seen: Value | undefined) =>
    blocked && seen && reach ? fadedFromStart(x, seen, reach) : fade(x, seen);
  return {
    queries: fromStart(rows.queries, reach),
    erase: fromStart(rows.erase, eraseReach),
    ends: (x) => (blocked && reach ? fadedToEnd(x, reach, reach) : fade(x, rest)),
    whole,
    ofQueries: (keys) => pairs(rows.queries, keys, reach ?? scalar(0), 0),
    ofErase: (keys) => pairs(rows.erase, keys, eraseReach ?? scalar(0), 1),
  };
}

/** Tokens that erase by an own key: two kinds of keys enter the state, so nothing is netted. */
function linear(rows: Rows, removal: Value, of: Faded): Linear {
  const inverse = unitLowerInverse(of.ofErase(removal));
  const ofState = matmul(inverse, of.erase);
  const ofErased = of.ofQueries(removal);
  const ends = of.ends(removal);
  const recalled = matmul(inverse, matmul(of.ofErase(rows.keys), rows.written));
  return {
    read: subtract(of.queries, matmul(ofErased, ofState)),
    pass: subtract(passing(of.whole, rows.keys.shape.at(-1) ?? 1), outer(ends, ofState)),
    own: subtract(matmul(of.ofQueries(rows.keys), rows.written), matmul(ofErased, recalled)),
    added: subtract(outer(of.ends(rows.keys), rows.written), outer(ends, recalled)),
  };
}

/** diag(α of the whole chunk), `[…, features, features]`. */
function passing(whole: Value | undefined, features: number): Value {
  const identity = numbers(
    Array.from({ length: features * features }, (_unused, index) =>
      Number(index % features === Math.floor(index / features)),
    ),
    [features, features],
  );
  return whole === undefined ? identity : multiply(identity, exp(whole));
}

function emptyState(tokens: Tokens): Value {
  const [batch = 1, heads = 1, , features = 1] = tokens.queries.shape;
  return scalar(0, [batch, heads, features, tokens.values.shape[3] ?? 1]);
}

const initialState = (tokens: Tokens) =>
  tokens.state === undefined ? emptyState(tokens) : initialOf(tokens.state, "recurrent");

/** One chunk as long as the sequence. */
function parallel(options: DeltaOptions, tokens: Tokens): Recurred {
  const length = tokens.queries.shape[2] ?? 1;
  const whole = mapRows(spreadDecay(rowsOf(options, tokens)), (x) => toChunks(x, chunkFor(length, Infinity)));
  return through(options, tokens, whole, true);
}

function chunked(options: DeltaOptions, tokens: ChunkedTokens): Recurred {
  const length = tokens.queries.shape[2] ?? 1;
  const rows = mapRows(spreadDecay(rowsOf(options, tokens)), (x) => toChunks(x, chunkFor(length, tokens.chunk)));
  return through(options, tokens, rows, false);
}

/** Decays that are the same for all tokens become each token's. */
function spreadDecay(rows: Rows): Rows {
  const { decay, keys } = rows;
  const same = decay !== undefined && decay.shape[2] !== keys.shape[2];
  return same ? { ...rows, decay: add(decay, scalar(0, [1, 1, keys.shape[2] ?? 1, 1])) } : rows;
}

function through(options: DeltaOptions, tokens: Tokens, rows: Rows, exact: boolean): Recurred {
  const length = tokens.queries.shape[2] ?? 1;
  const of = faded(options, rows, exact);
  if (rows.removal === undefined) {
    const { output, final } = erasingScan({
      erases: of.ofErase(rows.keys),
      reads: of.ofQueries(rows.keys),
      written: rows.written,
      erase: of.erase,
      queries: of.queries,
      keys: of.ends(rows.keys),
      whole: of.whole,
      initial: initialState(tokens),
    });
    return { output: fromChunks(output, length), state: { recurrent: final } };
  }
  const { read, own, pass, added } = linear(rows, rows.removal, of);
  const chunks = rows.queries.shape[0] ?? 1;
  const [batch = 1, heads = 1] = tokens.queries.shape;
  const [features = 1] = pass.shape.slice(-1);
  const factors = add(pass, scalar(0, [chunks, batch, heads, features, features]));
  const states = linearScan(factors, added, initialState(tokens), { matrix: true });
  const output = add(own, matmul(read, states.before));
  return { output: fromChunks(output, length), state: { recurrent: states.final } };
}

function step(options: DeltaOptions, tokens: Tokens): Recurred {
  const { queries, keys, written, erase, removal, decay } = rowsOf(options, tokens);
  const initial = initialState(tokens);
  const faded = decay === undefined ? initial : multiply(initial, exp(swapLast(decay)));
  const erased = matmul(erase, options.erases === "decayed" ? faded : initial);
  const next =
    removal === undefined
      ? add(faded, outer(keys, subtract(written, erased)))
      : subtract(add(faded, outer(keys, written)), outer(removal, erased));
  return { output: matmul(queries, next), state: { recurrent: next } };
}

/** The erasing state. */
export function delta(options: DeltaOptions): Recurrence {
  const fits = !options.erase && !options.removal && options.erases === "decayed";
  return {
    layout: ({ batch, heads, features, columns }) => ({ recurrent: [batch, heads, features, columns] }),
    parallel: (tokens) => parallel(options, tokens),
    chunked: (tokens) => chunked(options, tokens),
    step: (tokens) => step(options, tokens),
    ...(fits
      ? { fused: (tokens: Tokens) => fusedRecurrence(tokens, (same) => chunked(options, same)) }
      : { lacks: { fused: "the fused operator erases what it writes, by one strength" } }),
  };
}
