import { describe, expect, test } from "vitest";
import { add, exp, input, multiply, program, reshape, scan, sum } from "../../../src/graph/index.ts";
import { numbersComputed, peakTensorBytes } from "../../../src/pipeline/mixers/program-memory.ts";

const kilo = 256;

describe("what a program holds", () => {
  test("inputs and outputs throughout, others until they were read", () => {
    const x = input("x", [kilo]);
    // x, then exp x; exp exp x replaces exp x; the sum of the last is the output.
    const made = program({ y: exp(exp(exp(x))) });
    expect(peakTensorBytes(made)).toBe(3 * 4 * kilo);
    expect(numbersComputed(made)).toBe(4 * kilo);
  });

  test("what is read later is kept", () => {
    const x = input("x", [kilo]);
    const early = exp(x);
    const made = program({ y: multiply(exp(exp(early)), early) });
    expect(peakTensorBytes(made)).toBe(4 * 4 * kilo);
  });

  test("another shape takes nothing", () => {
    const x = input("x", [kilo]);
    const made = program({ y: exp(reshape(exp(x), [2, kilo / 2])) });
    expect(peakTensorBytes(made)).toBe(3 * 4 * kilo);
  });

  test("a loop's body is held once, and computed at every step", () => {
    const x = input("x", [10, kilo]);
    const initial = input("initial", [kilo]);
    const { carried } = scan({
      carried: [initial],
      sequences: [x],
      body: ([state], [slice]) => {
        if (state === undefined || slice === undefined) throw new Error("the step receives both");
        return { carried: [add(exp(state), slice)], outputs: [] };
      },
    });
    const [last] = carried;
    if (last === undefined) throw new Error("the loop returns its state");
    const made = program({ y: sum(last) });
    // Outside: x, initial, and what the loop returns (the last state, and the states of all steps). Inside: four of one step.
    expect(numbersComputed(made)).toBe((10 + 1 + 1 + 10) * kilo + 1 + 10 * 4 * kilo);
    expect(peakTensorBytes(made)).toBe((10 + 1 + 1 + 10 + 4) * 4 * kilo);
  });
});
