/** A separated computation returns what the joined one does. */
import { expect, test } from "vitest";
import { add, gradient, input, matmul, multiply, program, reshape, separate, sigmoid } from "../../src/graph/index.ts";
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

test("what follows from saved values alone is saved in their place where it is no larger, but never a mere view", () => {
  const [x, w, v] = [input("x", [4, 20]), input("w", [20, 6]), input("v", [20, 6])];
  const both = reshape(add(matmul(x, w), matmul(x, v)), [8, 3]);
  const y = multiply(sigmoid(both), both);
  const [dw] = gradient([{ value: y, gradient: input("yGradient", y.shape) }], [w]);
  if (dw === undefined) throw new Error("no gradient");
  const { saved, backward } = separate({ y }, { dw });
  expect(Object.values(saved).map(({ node }) => node.operation.name)).toEqual(["add"]);
  expect(program(backward).nodes.filter((node) => node.operation.name === "matmul")).toHaveLength(1);
});
