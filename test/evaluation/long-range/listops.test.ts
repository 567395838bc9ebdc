/** ListOps against an evaluator that reads the text alone, and against the published grammar. */
import { describe, expect, test } from "vitest";
import { Draw } from "../../../src/evaluation/draw.ts";
import { drawListOps, listOps } from "../../../src/evaluation/long-range/listops.ts";

const published = { maxDepth: 10, maxArguments: 10, minLength: 500, maxLength: 2000 };
const short = { maxDepth: 4, maxArguments: 3, minLength: 3, maxLength: 40 };

interface Read {
  readonly value: number;
  readonly depth: number;
  readonly operators: readonly { readonly name: string; readonly count: number }[];
}

/** Reads a list with a stack: no recursion, and no operator shared with the generator. */
function read(text: string): Read {
  const stack: { name: string; values: number[] }[] = [{ name: "root", values: [] }];
  const operators: { name: string; count: number }[] = [];
  let depth = 1;
  for (const symbol of text.split(" ")) {
    const top = stack.at(-1);
    if (symbol.startsWith("[")) stack.push({ name: symbol.slice(1), values: [] });
    else if (symbol === "]") {
      const { name, values } = stack.pop() ?? { name: "", values: [] };
      operators.push({ name, count: values.length });
      stack.at(-1)?.values.push(apply(name, values));
    } else {
      expect(symbol).toMatch(/^\d$/);
      top?.values.push(Number(symbol));
    }
    depth = Math.max(depth, stack.length);
  }
  expect(stack).toHaveLength(1);
  expect(stack[0]?.values).toHaveLength(1);
  return { value: stack[0]?.values[0] ?? Number.NaN, depth, operators };
}

function apply(name: string, values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (place: number) => sorted[place] ?? Number.NaN;
  const half = sorted.length / 2;
  if (name === "MIN") return at(0);
  if (name === "MAX") return at(sorted.length - 1);
  if (name === "MED") return Math.trunc(sorted.length % 2 ? at(half - 0.5) : (at(half - 1) + at(half)) / 2);
  if (name === "SM") return Number(String(sorted.reduce((sum, value) => sum + value, 0)).at(-1));
  throw new Error(`there is no operator ${name}`);
}

test("the reader knows the published operators", () => {
  expect(read("[MAX 4 [MED 2 9 6 ] 0 ]").value).toBe(6);
  expect(read("[MIN [MED 2 3 ] 5 ]").value).toBe(2);
  expect(read("[SM 9 8 [MAX 1 2 ] ]").value).toBe(9);
});

describe.each([
  ["published sizes", published, 200],
  ["short lists", short, 500],
] as const)("%s", (_name, sizes, count) => {
  const rows = [...listOps(new Draw(1), count, sizes)];

  test("every label is the value, and every tree within its sizes", () => {
    expect(rows).toHaveLength(count);
    for (const { text, label } of rows) {
      const { value, depth, operators } = read(text);
      expect(label).toBe(value);
      const length = text.split(" ").length;
      expect(length).toBeGreaterThan(sizes.minLength);
      expect(length).toBeLessThan(sizes.maxLength);
      expect(depth).toBeLessThanOrEqual(sizes.maxDepth);
      for (const operator of operators) {
        expect(operator.count).toBeGreaterThanOrEqual(2);
        expect(operator.count).toBeLessThanOrEqual(sizes.maxArguments);
      }
    }
  });

  test("all different, and the same from the same seed", () => {
    expect(new Set(rows.map(({ text }) => text)).size).toBe(count);
    expect([...listOps(new Draw(1), count, sizes)]).toEqual(rows);
    expect([...listOps(new Draw(2), 5, sizes)]).not.toEqual(rows.slice(0, 5));
  });
});

test("a quarter of the nodes are operators, all four and all counts of arguments alike", () => {
  const any = { maxDepth: 3, maxArguments: 10, minLength: 0, maxLength: 1e6 };
  const draw = new Draw(5);
  const trees = Array.from({ length: 8000 }, () => read(drawListOps(draw, any).text));
  const roots = trees.filter(({ operators }) => operators.length > 0).length / trees.length;
  expect(Math.abs(roots - 0.25)).toBeLessThan(0.02);
  const all = trees.flatMap(({ operators }) => operators);
  for (const name of ["MIN", "MAX", "MED", "SM"]) {
    expect(Math.abs(all.filter((each) => each.name === name).length / all.length - 0.25)).toBeLessThan(0.03);
  }
  for (let count = 2; count <= 10; count++) {
    expect(Math.abs(all.filter((each) => each.count === count).length / all.length - 1 / 9)).toBeLessThan(0.02);
  }
});

test("impossible sizes are an error that says what to change", () => {
  expect(() => drawListOps(new Draw(0), { ...published, maxDepth: 1 })).toThrow("no tree of depth 1");
  expect(() => [...listOps(new Draw(0), 11, { ...short, maxDepth: 1, minLength: 0 })]).toThrow(
    "only 10 different trees",
  );
});
