/** A separated computation returns what the joined one does. */
import { expect, test } from "vitest";
import { gradient, input, matmul, multiply, program, separate, sigmoid } from "../../src/graph/index.ts";
import { interpret, reference } from "../../src/runtime/reference/interpret.ts";
import { expectClose } from "../compare.ts";
import { normals } from "../random.ts";

test("a backward program fed with saved values returns the gradients, and computes no costly forward product again", () => {
  const [x, w, v] = [input("x", [4, 20]), input("w", [20, 5]), input("v", [5, 2])];
  const hidden = sigmoid(matmul(x, w));
  const y = multiply(matmul(hidden, v), 2);
  const upstream = input("yGradient", y.shape);
  const [dx, dw] = gradient([{ value: y, gradient: upstream }], [x, w]);
  if (dx === undefined || dw === undefined) throw new Error("no gradients");
  const joined = program({ y, dx, dw });
  const { forward, backward, saved } = separate({ y }, { dx, dw });
  const feeds = Object.fromEntries(
    [x, w, v, upstream].map(({ shape }, index) => {
      const size = shape.reduce((a, b) => a * b, 1);
      return [["x", "w", "v", "yGradient"][index] ?? "", reference(shape, normals(size, index))];
    }),
  );
  const expected = interpret(joined, feeds);
  const first = interpret(program({ ...forward, ...saved }), feeds);
  const backwardProgram = program(backward);
  const second = interpret(backwardProgram, { ...feeds, ...first });
  expect(Object.keys(saved)).toHaveLength(1);
  expect(backwardProgram.nodes.filter((node) => node.operation.name === "matmul")).toHaveLength(3);
  expectClose(first.y?.data ?? [], expected.y?.data ?? [], 0);
  expectClose(second.dx?.data ?? [], expected.dx?.data ?? [], 1e-15);
  expectClose(second.dw?.data ?? [], expected.dw?.data ?? [], 1e-15);
});
