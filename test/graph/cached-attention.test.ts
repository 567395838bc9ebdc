/** Attention over a buffer of earlier keys: against whole-sequence attention, in one call or several, also in place. */
import { describe, expect, test } from "vitest";
import { cachedAttention, causalAttention, input, type Program, program } from "../../src/graph/index.ts";
import { createEngine, floats, floatsOf, indices, type Tensor } from "../../src/runtime/index.ts";
import { interpret, reference } from "../../src/runtime/reference/interpret.ts";
import { expectClose } from "../compare.ts";
import { normals } from "../random.ts";

const [heads, groups, length, dim, capacity] = [4, 2, 11, 8, 16];
const scale = 0.35;

function whole(): Program<"output"> {
  const [q, k, v] = [
    input("queries", [1, heads, length, dim]),
    input("keys", [1, groups, length, dim]),
    input("values", [1, groups, length, dim]),
  ];
  return program({ output: causalAttention(q, k, v, { scale }) });
}

function part(tokens: number): Program<"output" | "newKeys" | "newValues"> {
  const own = {
    queries: input("queries", [1, heads, tokens, dim]),
    keys: input("keys", [1, groups, tokens, dim]),
    values: input("values", [1, groups, tokens, dim]),
  };
  const buffer = [1, groups, capacity, dim];
  const cache = { keys: input("cachedKeys", buffer), values: input("cachedValues", buffer) };
  const result = cachedAttention(own, { ...cache, seen: input("seen", [1], "int64") }, { scale });
  return program({ output: result.output, newKeys: result.keys, newValues: result.values });
}

const full = {
  queries: normals(heads * length * dim, 1),
  keys: normals(groups * length * dim, 2),
  values: normals(groups * length * dim, 3),
};

/** Tokens `start` to `start + count` of `[rows, length, dim]`. */
function cut(data: Float64Array, start: number, count: number): Float64Array {
  const rows = data.length / (length * dim);
  const result = new Float64Array(rows * count * dim);
  for (let row = 0; row < rows; row++) {
    const from = (row * length + start) * dim;
    result.set(data.subarray(from, from + count * dim), row * count * dim);
  }
  return result;
}

function expected(): Float64Array {
  return interpret(whole(), {
    queries: reference([1, heads, length, dim], full.queries),
    keys: reference([1, groups, length, dim], full.keys),
    values: reference([1, groups, length, dim], full.values),
  }).output.data;
}

const splits = [[11], [1, 10], [5, 6], [4, 1, 1, 5], new Array<number>(11).fill(1)];

describe("attention over a buffer", () => {
  test.each(splits)("equals whole-sequence attention in float64, split as %j …", (...split) => {
    let cachedKeys = reference([1, groups, capacity, dim], new Float64Array(groups * capacity * dim));
    let cachedValues = cachedKeys;
    let start = 0;
    for (const tokens of split) {
      const { output, newKeys, newValues } = interpret(part(tokens), {
        queries: reference([1, heads, tokens, dim], cut(full.queries, start, tokens)),
        keys: reference([1, groups, tokens, dim], cut(full.keys, start, tokens)),
        values: reference([1, groups, tokens, dim], cut(full.values, start, tokens)),
        cachedKeys,
        cachedValues,
        seen: reference([1], [start]),
      });
      expectClose(output.data, cut(expected(), start, tokens), 1e-12);
      [cachedKeys, cachedValues] = [newKeys, newValues];
      start += tokens;
    }
  });

  test.each(splits)("runs in place on the engine, split as %j …", async (...split) => {
    const engine = createEngine({ threads: 1 });
    // What lies in places not reached yet must not matter.
    const buffer = () => floats([1, groups, capacity, dim], new Float32Array(groups * capacity * dim).fill(9));
    const [cachedKeys, cachedValues] = [buffer(), buffer()];
    let start = 0;
    for (const tokens of split) {
      const piece = (data: Float64Array, count: number): Tensor =>
        floats([1, count, tokens, dim], Float32Array.from(cut(data, start, tokens)));
      const executable = await engine.compile(part(tokens));
      const { output } = await executable.run(
        {
          queries: piece(full.queries, heads),
          keys: piece(full.keys, groups),
          values: piece(full.values, groups),
          cachedKeys,
          cachedValues,
          seen: indices([1], [start]),
        },
        { newKeys: cachedKeys, newValues: cachedValues },
      );
      expectClose(floatsOf(output), cut(expected(), start, tokens), 1e-5);
      start += tokens;
    }
    expectClose(cachedKeys.data.slice(0, length * dim), full.keys.slice(0, length * dim), 0);
    expect(cachedKeys.data[length * dim]).toBe(9);
    await engine.release();
  });
});
