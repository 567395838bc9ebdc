/** Loops with a body of any operations: gradients, ONNX, halves of a computation, and the errors of a misshapen step. */
import { describe, expect, test } from "vitest";
import * as g from "../../src/graph/index.ts";
import { createEngine, floats, floatsOf, indices } from "../../src/runtime/index.ts";
import { interpret, reference } from "../../src/runtime/reference/interpret.ts";
import { expectClose } from "../compare.ts";
import { normals } from "../random.ts";
import { type Case, checkEngine, checkGradients } from "./check.ts";

type Values = readonly g.Value[];

const joined = (values: Values) =>
  g.concat(
    values.map((value) => g.reshape(value, [-1])),
    0,
  );
const at = (values: Values, index: number): g.Value => {
  const value = values[index];
  if (value === undefined) throw new Error(`no value ${index}`);
  return value;
};
const everything = ({ carried, outputs }: g.ScanResult) => joined([...carried, ...outputs]);

/** h ← tanh(W h + x): a recurrent network. */
function network(weights: g.Value, xs: g.Value, initial: g.Value, reverse = false): g.ScanResult {
  return g.scan({
    carried: [initial],
    sequences: [xs],
    reverse,
    body: (carried, slices) => {
      const next = g.tanh(g.add(g.matmul(weights, at(carried, 0)), at(slices, 0)));
      return { carried: [next], outputs: [g.multiply(next, 2)] };
    },
  });
}

const cases: Record<string, Case> = {
  "a nonlinear recurrence": {
    shapes: [
      [3, 3],
      [4, 3, 2],
      [3, 2],
    ],
    build: (w, xs, h) => everything(network(w, xs, h)),
  },
  reversed: {
    shapes: [
      [3, 3],
      [4, 3, 2],
      [3, 2],
    ],
    build: (w, xs, h) => everything(network(w, xs, h, true)),
  },
  "one step": {
    shapes: [
      [3, 3],
      [1, 3, 2],
      [3, 2],
    ],
    build: (w, xs, h) => everything(network(w, xs, h)),
  },
  "captured values that follow from each other, used several times": {
    shapes: [[2], [3, 2], [2]],
    build: (a, xs, h) => {
      const b = g.sigmoid(a);
      return everything(
        g.scan({
          carried: [h],
          sequences: [xs],
          body: ([state], [x]) => {
            const kept = g.multiply(g.multiply(b, state as g.Value), g.add(a, b));
            return { carried: [g.sigmoid(g.add(kept, x as g.Value))], outputs: [g.multiply(a, kept), b] };
          },
        }),
      );
    },
  },
  "no outputs, and results that a step received": {
    shapes: [[3, 2], [2], [2]],
    build: (xs, a, b) =>
      everything(
        g.scan({
          carried: [a, b],
          sequences: [xs],
          body: ([first, second], [x]) => ({
            carried: [second as g.Value, g.multiply(first as g.Value, x as g.Value)],
            outputs: [],
          }),
        }),
      ),
  },
  "nothing carried": {
    shapes: [[3, 2], [2]],
    build: (xs, a) =>
      everything(
        g.scan({
          carried: [],
          sequences: [xs],
          body: (_none, [x]) => ({ carried: [], outputs: [g.exp(g.multiply(a, x as g.Value)), x as g.Value] }),
        }),
      ),
  },
  "its last carried value alone": {
    shapes: [
      [3, 3],
      [4, 3, 2],
      [3, 2],
    ],
    build: (w, xs, h) => at(network(w, xs, h).carried, 0),
  },
  "an output alone": {
    shapes: [
      [3, 3],
      [4, 3, 2],
      [3, 2],
    ],
    build: (w, xs, h) => at(network(w, xs, h).outputs, 0),
  },
  "a loop inside a loop, of values of both around it": {
    shapes: [[2, 3, 2], [2], [2]],
    build: (xs, a, h) =>
      everything(
        g.scan({
          carried: [h],
          sequences: [xs],
          body: ([state], [rows]) => {
            const inner = g.scan({
              carried: [g.multiply(state as g.Value, a)],
              sequences: [rows as g.Value],
              reverse: true,
              body: ([own], [row]) => {
                const next = g.tanh(g.add(g.multiply(own as g.Value, a), g.multiply(row as g.Value, state as g.Value)));
                return { carried: [next], outputs: [g.add(next, a)] };
              },
            });
            const { before, final } = g.linearScan(
              g.sigmoid(rows as g.Value),
              at(inner.outputs, 0),
              at(inner.carried, 0),
            );
            return { carried: [final], outputs: [before] };
          },
        }),
      ),
  },
  "its own gradient": {
    shapes: [
      [2, 2],
      [3, 2, 1],
      [2, 1],
    ],
    build: (w, xs, h) => {
      const result = network(w, xs, h);
      const loss = g.sum(g.multiply(everything(result), everything(result)));
      return joined(g.gradient(loss, [w, xs, h]));
    },
  },
};

describe("gradients of a scan equal central differences", () => {
  test.each(Object.entries(cases))("%s", (_name, spec) => checkGradients(spec));
});

describe("ONNX Runtime scans as the interpreter does", () => {
  test.each(Object.entries(cases))("%s", (_name, spec) => checkEngine(spec));
});

test("integers and booleans are carried and cut, without a gradient", async () => {
  const [table, ids, counts] = [
    g.input("table", [4, 2]),
    g.input("ids", [5], "int64"),
    g.input("counts", [1], "int64"),
  ];
  const { carried, outputs } = g.scan({
    carried: [g.scalar(0, [2]), counts],
    sequences: [ids, g.mask([5, 1], (step) => step !== 3)],
    body: ([sum, count], [id, kept]) => {
      const row = g.where(kept as g.Value, g.rows(table, id as g.Value), 0);
      const next = g.add(g.multiply(sum as g.Value, 0.5), row);
      return {
        carried: [next, g.add(count as g.Value, g.integers([1]))],
        outputs: [count as g.Value, g.greater(next, 0)],
      };
    },
  });
  const [gradient] = g.gradient(g.sum(at(carried, 0)), [table]);
  if (gradient === undefined) throw new Error("no gradient");
  const program = g.program({
    gradient,
    sum: at(carried, 0),
    count: at(carried, 1),
    counted: at(outputs, 0),
    positive: g.cast(at(outputs, 1), "float32"),
  });
  const numbers = normals(8, 1);
  const expected = interpret(program, {
    table: reference([4, 2], numbers),
    ids: reference([5], [1, 3, 1, 0, 2]),
    counts: reference([1], [7]),
  });
  // The step of id 0 is masked; the others count half as much with each step after them.
  expect([...expected.gradient.data]).toEqual([0, 0, 0.3125, 0.3125, 1, 1, 0.125, 0.125]);
  expect([...expected.counted.data]).toEqual([7, 8, 9, 10, 11]);
  expect([...expected.count.data]).toEqual([12]);
  const engine = createEngine({ threads: 1 });
  const actual = await (await engine.compile(program)).run({
    table: floats([4, 2], Float32Array.from(numbers)),
    ids: indices([5], [1, 3, 1, 0, 2]),
    counts: indices([1], [7]),
  });
  for (const name of ["gradient", "sum", "positive"] as const)
    expectClose(floatsOf(actual[name]), expected[name].data, 1e-6, name);
  expect([...actual.counted.data].map(Number)).toEqual([7, 8, 9, 10, 11]);
  await engine.release();
});

test("the two halves of a computation return what the whole does, and the backward half walks forward no more", () => {
  const [w, xs, h] = [g.input("w", [3, 3]), g.input("xs", [4, 3, 2]), g.input("h", [3, 2])];
  const y = everything(network(g.tanh(w), xs, h));
  const upstream = g.input("yGradient", y.shape);
  const [dw, dxs] = g.gradient([{ value: y, gradient: upstream }], [w, xs]);
  if (dw === undefined || dxs === undefined) throw new Error("no gradients");
  const feeds = Object.fromEntries(
    Object.entries({ w, xs, h, yGradient: upstream }).map(([name, { shape }], seed) => [
      name,
      reference(shape, normals(g.sizeOf(shape), seed)),
    ]),
  );
  const expected = interpret(g.program({ y, dw, dxs }), feeds);
  const { forward, backward, saved } = g.separate({ y }, { dw, dxs });
  const first = interpret(g.program({ ...forward, ...saved }), feeds);
  const second = g.program(backward);
  expect(second.nodes.filter(({ operation }) => operation.name === "scan")).toHaveLength(1);
  expect(Object.values(saved).map(({ node }) => node.operation.name)).toEqual(["scan"]);
  const actual = interpret(second, { ...feeds, ...first });
  expectClose(first.y?.data ?? [], expected.y.data, 0);
  for (const name of ["dw", "dxs"] as const) expectClose(actual[name]?.data ?? [], expected[name].data, 1e-15, name);
});

test("equal loops become equal bytes", () => {
  const build = () => {
    const result = network(g.input("w", [3, 3]), g.input("xs", [4, 3, 2]), g.input("h", [3, 2]));
    const [gradient] = g.gradient(g.sum(everything(result)), [g.input("w", [3, 3])]);
    return g.serialize(g.program({ y: everything(result), gradient: gradient as g.Value }));
  };
  expect(Buffer.compare(build(), build())).toBe(0);
});

describe("errors say what does not fit", () => {
  const [x, state] = [g.named(g.input("x", [4, 2]), "tokens"), g.named(g.input("state", [2]), "memory")];
  const step = (carried: Values): g.ScanStep => ({ carried, outputs: [] });
  test.each([
    ["a carried value that changes", () => g.scan({ carried: [state], sequences: [x], body: () => step([x]) })],
    ["a carried value that is lost", () => g.scan({ carried: [state], sequences: [x], body: () => step([]) })],
    ["no sequence", () => g.scan({ carried: [state], sequences: [], body: step })],
    ["sequences of two lengths", () => g.scan({ carried: [state], sequences: [x, g.input("y", [3])], body: step })],
  ])("%s", (_name, build) => {
    expect(build).toThrowErrorMatchingSnapshot();
  });
});
