/** Queries and keys that serve several heads of values: the same as if each head had been given its own. */
import { expect, test } from "vitest";
import { input, program } from "../../src/graph/index.ts";
import { chunked, parseMixer } from "../../src/mixers/index.ts";
import { expectClose } from "../compare.ts";
import { normals } from "../random.ts";
import { compute } from "./harness.ts";

const [length, dim, valueDim] = [70, 4, 6];
const spec = parseMixer({
  rope: "none",
  state: { featureMap: { kind: "unit" }, decay: { kind: "constant", slopes: "retnet" }, write: { kind: "add" } },
});

test("two key heads of four value heads are the first, the first, the second and the second", async () => {
  const mixed = (keyHeads: number) =>
    program({
      output: chunked(spec, {
        queries: input("queries", [1, keyHeads, length, dim]),
        keys: input("keys", [1, keyHeads, length, dim]),
        values: input("values", [1, 4, length, valueDim]),
        parameters: {},
      }).output,
    });
  const heads = (seed: number) => [0, 1].map((head) => [...normals(length * dim, seed + head)]);
  const [queries, keys] = [heads(1), heads(5)];
  const values = normals(4 * length * valueDim, 9);
  const twice = (each: readonly number[][]) => each.flatMap((head) => [...head, ...head]);
  const shared = await compute("float64", mixed(2), { queries: queries.flat(), keys: keys.flat(), values });
  const own = await compute("float64", mixed(4), { queries: twice(queries), keys: twice(keys), values });
  expectClose(shared.output ?? [], own.output ?? [], 1e-12, "outputs");
  expect(shared.output?.length).toBe(4 * length * valueDim);
});

test("key heads that do not divide the value heads are refused", () => {
  const wrong = () =>
    chunked(spec, {
      queries: input("queries", [1, 3, length, dim]),
      keys: input("keys", [1, 3, length, dim]),
      values: input("values", [1, 4, length, valueDim]),
      parameters: {},
    });
  expect(wrong).toThrow(/do not fit each other/);
});
