/** The engine: programs compiled once, outputs written in place, errors that name the input. */
import { expect, test } from "vitest";
import { add, input, multiply, program, rows } from "../../src/graph/index.ts";
import { Buffers, createEngine, floats, indices, MemoryAccount } from "../../src/runtime/index.ts";

const make = (factor: number) => program({ y: add(multiply(input("x", [2]), factor), 1) });

test("equal programs share one compilation, others do not", async () => {
  const engine = createEngine({ threads: 1 });
  const [first, same, other] = [
    await engine.compile(make(2)),
    await engine.compile(make(2)),
    await engine.compile(make(3)),
  ];
  expect(same).toBe(first);
  expect(other).not.toBe(first);
  const held = engine.memory.byPurpose().programs;
  expect(held).toBeGreaterThan(0);
  await engine.release();
  expect(engine.memory.byPurpose().programs).toBe(0);
  expect(engine.memory.peak).toBe(held);
});

test("a cached program is made once per key", async () => {
  const engine = createEngine({ threads: 1 });
  let made = 0;
  const cached = () =>
    engine.cached("key", () => {
      made++;
      return make(2);
    });
  expect(await cached()).toBe(await cached());
  expect(made).toBe(1);
  await engine.release();
});

test("outputs are written to the tensors given, and inputs are read where they lie", async () => {
  const engine = createEngine({ threads: 1 });
  const executable = await engine.compile(make(2));
  const [x, y] = [floats([2], Float32Array.of(1, 2)), floats([2])];
  const { y: result } = await executable.run({ x }, { y });
  expect(result).toBe(y);
  expect([...y.data]).toEqual([3, 5]);
  x.data[0] = 10;
  await executable.run({ x }, { y });
  expect([...y.data]).toEqual([21, 5]);
  // A view into a larger array is an input and an output like any other.
  const buffer = Float32Array.of(0, 0, 0, 7, 8, 0);
  await executable.run({ x: floats([2], buffer.subarray(3, 5)) }, { y: floats([2], buffer.subarray(1, 3)) });
  expect([...buffer]).toEqual([0, 15, 17, 7, 8, 0]);
  await engine.release();
});

test("nothing is allocated for an output that was given its place", async () => {
  const engine = createEngine({ threads: 1 });
  const size = 1 << 20;
  const executable = await engine.compile(program({ y: add(input("x", [size]), 1) }));
  const [x, y] = [floats([size]), floats([size])];
  await executable.run({ x }, { y });
  const before = process.memoryUsage().arrayBuffers;
  for (let run = 0; run < 4; run++) await executable.run({ x }, { y });
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(size);
  expect(y.data[size - 1]).toBe(1);
  await engine.release();
});

test("an operator that fails is an error", async () => {
  const engine = createEngine({ threads: 1 });
  const executable = await engine.compile(program({ y: rows(input("table", [2, 1]), input("ids", [1], "int64")) }));
  const table = floats([2, 1], Float32Array.of(3, 4));
  expect([...((await executable.run({ table, ids: indices([1], [1]) })).y.data as Float32Array)]).toEqual([4]);
  await expect(executable.run({ table, ids: indices([1], [7]) })).rejects.toThrow("out of");
  await engine.release();
});

test("buffers are the same memory under one key, and are accounted for once", async () => {
  const engine = createEngine({ threads: 1 });
  const executable = await engine.compile(make(2));
  const buffers = new Buffers(engine, "activations");
  const first = buffers.of("a", executable);
  expect(buffers.of("a", executable).y).toBe(first.y);
  expect(buffers.of("b", executable).y).not.toBe(first.y);
  expect(buffers.of("a", executable, [])).toEqual({});
  expect(engine.memory.byPurpose().activations).toBe(2 * 2 * 4);
  await engine.release();
});

test("a missing or misshapen input is named", async () => {
  const engine = createEngine({ threads: 1 });
  const executable = await engine.compile(make(2));
  await expect(executable.run({})).rejects.toThrow('the program\'s input "x" was not given');
  await expect(executable.run({ x: floats([3]) })).rejects.toThrow('input "x" was given as float32[3], not float32[2]');
  await engine.release();
});

test("an account keeps the peak", () => {
  const account = new MemoryAccount();
  account.add("a", 10);
  account.add("b", 5);
  account.add("a", -10);
  expect([account.current, account.peak, account.byPurpose()]).toEqual([5, 15, { a: 0, b: 5 }]);
});
