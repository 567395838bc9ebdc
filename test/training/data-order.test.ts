/** Data order: every window once an epoch, targets one ahead, masks kept, a pure function of seed and number. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { DataOrder } from "../../src/training/data-order.ts";
import { heldOutWindows } from "../../src/training/held-out.ts";

const stream = (count: number) => ({
  ids: Int32Array.from({ length: count }, (_unused, index) => index),
  mask: undefined,
});

test("an epoch reads each window once, in an order that differs between epochs", () => {
  const data = new DataOrder(stream(103), 10, 7);
  const starts = Array.from({ length: 2 * data.windows }, (_unused, index) => data.batch(index, 1).ids[0]);
  const epochs = [starts.slice(0, 10), starts.slice(10)];
  for (const epoch of epochs)
    expect(epoch.toSorted((a = 0, b = 0) => a - b)).toEqual([0, 10, 20, 30, 40, 50, 60, 70, 80, 90]);
  expect(epochs[0]).not.toEqual(epochs[1]);
});

test("any batch is the same whatever was read before", () => {
  fc.assert(
    fc.property(fc.nat(40), fc.integer({ min: 1, max: 4 }), fc.nat(5), (index, size, other) => {
      const [fresh, used] = [new DataOrder(stream(85), 8, 3), new DataOrder(stream(85), 8, 3)];
      used.batch(other, size);
      expect(used.batch(index, size)).toEqual(fresh.batch(index, size));
    }),
    { numRuns: 50 },
  );
});

test("targets are the next tokens; the stream's last has none; masked tokens count nothing", () => {
  const mask = Uint8Array.from({ length: 8 }, (_unused, index) => index % 2);
  const { ids, targets, weights } = new DataOrder({ ids: stream(8).ids, mask }, 8, 0).batch(0, 1);
  expect([...ids]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect([...targets.subarray(0, 7)]).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect([...weights]).toEqual([1, 0, 1, 0, 1, 0, 1, 0]);
  expect(new DataOrder(stream(8), 8, 0).batch(0, 1).weights[7]).toBe(0);
});

test("a text shorter than a sequence is refused", () => {
  expect(() => new DataOrder(stream(5), 8, 0)).toThrow("fewer than one sequence of 8");
});

test("held-out windows are the first, whole micro-batches alone", () => {
  const windows = heldOutWindows(stream(50), 8, 1000, 4);
  expect(windows.map(({ ids }) => ids.length)).toEqual([32]);
  expect(windows[0]?.targets[31]).toBe(32);
  expect(heldOutWindows(stream(8), 8, 1000)).toEqual([]);
});
