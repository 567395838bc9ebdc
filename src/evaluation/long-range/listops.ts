/** ListOps as in the Long Range Arena (Tay et al. 2020, arXiv 2011.04006): nested lists of digits and the operators on them. */
import { SubquadError } from "../../errors.ts";
import type { Draw } from "../draw.ts";

/** The sizes of the trees. The defaults of the published set are 10, 10, 500 and 2000. */
export interface ListOpsSizes {
  /** Levels of a tree; the last are digits. */
  readonly maxDepth: number;
  /** Most arguments of an operator; the fewest are two. */
  readonly maxArguments: number;
  /** Trees have more symbols than this: digits, operators and closing brackets. */
  readonly minLength: number;
  /** Trees have fewer symbols than this. */
  readonly maxLength: number;
}

/** A line of a data set. */
export interface ListOpsRow {
  /** Symbols with spaces between, such as `[MAX 4 [MED 2 9 6 ] 0 ]`. */
  readonly text: string;
  /** The value, from 0 to 9. */
  readonly label: number;
}

/** The chance that a node above the last level is an operator. */
const operatorChance = 0.25;

/** Trees drawn in vain after which the sizes are taken to be impossible: of published sizes one in twelve fits. */
const patience = 200_000;

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

const operators: Readonly<Record<string, (values: readonly number[]) => number>> = {
  MIN: (values) => Math.min(...values),
  MAX: (values) => Math.max(...values),
  /** The mean of the two in the middle where there are two, rounded down. */
  MED: (values) => {
    const sorted = values.toSorted((a, b) => a - b);
    const middle = [Math.floor((sorted.length - 1) / 2), Math.ceil((sorted.length - 1) / 2)];
    return Math.floor(sum(middle.map((place) => sorted[place] ?? 0)) / 2);
  },
  SM: (values) => sum(values) % 10,
};
const names = Object.keys(operators);

/**
 * One tree by the published grammar: a node is an operator of 2 to `maxArguments` nodes with a chance of ¼, and a digit
 * otherwise; trees outside the lengths are drawn anew. Throws a SubquadError where none comes within them.
 */
export function drawListOps(draw: Draw, sizes: ListOpsSizes): ListOpsRow {
  for (let tries = 0; tries < patience; tries++) {
    const symbols: string[] = [];
    const value = grow(draw, sizes, 1, symbols);
    if (value === undefined || symbols.length <= sizes.minLength) continue;
    return { text: symbols.join(" "), label: value };
  }
  const { maxDepth, maxArguments, minLength, maxLength } = sizes;
  throw new SubquadError(
    `listops: no tree of depth ${maxDepth} and ${maxArguments} arguments came between ${minLength} and ${maxLength} symbols; ` +
      "lower the least length, or allow more depth or arguments",
  );
}

/** Appends a node's symbols; undefined as soon as the tree is too long, whose rest need not be drawn. */
function grow(draw: Draw, sizes: ListOpsSizes, depth: number, symbols: string[]): number | undefined {
  if (depth >= sizes.maxDepth || draw.uniform() > operatorChance) {
    const digit = draw.integer(0, 9);
    symbols.push(String(digit));
    return symbols.length < sizes.maxLength ? digit : undefined;
  }
  const name = draw.pick(names);
  symbols.push(`[${name}`);
  const values: number[] = [];
  const count = draw.integer(2, sizes.maxArguments);
  while (values.length < count) {
    const value = grow(draw, sizes, depth + 1, symbols);
    if (value === undefined) return undefined;
    values.push(value);
  }
  symbols.push("]");
  return symbols.length < sizes.maxLength ? operators[name]?.(values) : undefined;
}

/** Different trees, as many as are wanted. */
export function* listOps(draw: Draw, count: number, sizes: ListOpsSizes): Generator<ListOpsRow> {
  const known = new Set<string>();
  let again = 0;
  while (known.size < count) {
    const row = drawListOps(draw, sizes);
    if (known.has(row.text)) {
      if (++again > patience) {
        throw new SubquadError(`listops: there are only ${known.size} different trees of these sizes; ask for fewer`);
      }
      continue;
    }
    known.add(row.text);
    yield row;
  }
}
