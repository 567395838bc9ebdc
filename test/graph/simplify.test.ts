/** What simplification leaves out, and that it changes no result. */
import { describe, expect, test } from "vitest";
import * as g from "../../src/graph/index.ts";
import { interpret, reference } from "../../src/runtime/reference/interpret.ts";

const x = g.input("x", [2, 3]);
const feeds = { x: reference([2, 3], [1, -2, 3, 4, 5, -6]) };

function operations(value: g.Value): string[] {
  return g.program({ value }).nodes.map((node) => node.operation.name);
}

describe("repeated operands", () => {
  test("are not repeated for an operation that repeats them itself", () => {
    const value = g.multiply(g.broadcastTo(g.scalar(2), [2, 3]), x);
    expect(operations(value)).not.toContain("broadcastTo");
    expect([...interpret(g.program({ value }), feeds).value.data]).toEqual([2, -4, 6, 8, 10, -12]);
  });

  test("are combined before they are repeated", () => {
    const row = g.sum(x, [0]);
    const value = g.add(g.broadcastTo(row, [2, 3]), g.broadcastTo(g.scalar(1), [2, 3]));
    const made = g.program({ value });
    expect(made.nodes.find((node) => node.operation.name === "add")?.outputs[0]?.shape).toEqual([1, 3]);
    expect(made.outputs.value.shape).toEqual([2, 3]);
    expect([...interpret(made, feeds).value.data]).toEqual([6, 4, -2, 6, 4, -2]);
  });

  test("leave the gradient of a mean of squares with two passes", () => {
    const [value] = g.gradient(g.mean(g.multiply(x, x)), [x]);
    if (value === undefined) throw new Error("no gradient");
    const full = g
      .program({ value })
      .nodes.filter(({ outputs }) => outputs[0]?.shape.length === 2 && g.sizeOf(outputs[0].shape) === 6);
    expect(full.map((node) => node.operation.name)).toEqual(["input", "multiply"]);
    const expected = [1, -2, 3, 4, 5, -6].map((element) => (2 * element) / 6);
    expect([...interpret(g.program({ value }), feeds).value.data].map((y) => +y.toFixed(9))).toEqual(
      expected.map((y) => +y.toFixed(9)),
    );
  });
});

describe("reshapes", () => {
  test("of reshapes are one", () => {
    const value = g.negate(g.reshape(g.reshape(x, [6]), [3, 2]));
    expect(operations(value)).toEqual(["input", "reshape", "negate"]);
    expect([...interpret(g.program({ value }), feeds).value.data]).toEqual([-1, 2, -3, -4, -5, 6]);
  });

  test("back to the first shape are none", () => {
    expect(operations(g.negate(g.reshape(g.reshape(x, [6]), [2, 3])))).toEqual(["input", "negate"]);
  });
});
