/** How presets name a file's tensors: `NAME:LETTERS`, with the file's axes put into the order of our letters. */
import {
  GraphError,
  log,
  negate,
  reshape,
  type Shape,
  slice,
  subtract,
  transpose,
  type Value,
} from "../../graph/index.ts";

/** Functions of a file's tensor by how they are written around its name. */
const functions: readonly { readonly pattern: RegExp; readonly apply: (x: Value) => Value }[] = [
  { pattern: /^log\(-(.+)\)$/, apply: (x) => log(negate(x)) },
  { pattern: /^log\(1-(.+)\)$/, apply: (x) => log(subtract(1, x)) },
  { pattern: /^log\((.+)\)$/, apply: log },
  { pattern: /^-(.+)$/, apply: negate },
];

/** A tensor's name, taken apart. */
export interface ParsedName {
  readonly name: string;
  /** Our axes. */
  readonly letters: string;
  /** The file's axes, where the preset states them. */
  readonly fileLetters: string | undefined;
  /** Which of the file's places per token are meant, where it has several. */
  readonly places: { readonly first: number; readonly every: number } | undefined;
  /** Which of several tensors stacked on a first axis is meant. */
  readonly index: number | undefined;
  apply(x: Value): Value;
}

/**
 * Takes `log(-A):IND`, `final_state:BDN>BIND`, `k[1::2]:BHTK` (every second place of axis U, from place 1) or
 * `final_state[1]:BHKV` (the second of several stacked tensors) apart.
 */
export function parseName(text: string): ParsedName {
  const [written = "", axes = ""] = text.split(/:(?=[^:\]]*$)/);
  const [first = "", second] = axes.split(">");
  const [, expression = written, start, every] = /^(.+)\[(\d+)(?:::(\d+))?\]$/.exec(written) ?? [];
  const found = functions.find(({ pattern }) => pattern.test(expression));
  return {
    name: found?.pattern.exec(expression)?.[1] ?? expression,
    index: every === undefined && start !== undefined ? Number(start) : undefined,
    places: every === undefined ? undefined : { first: Number(start), every: Number(every) },
    letters: second ?? first,
    fileLetters: second === undefined ? undefined : first,
    apply: found?.apply ?? ((x) => x),
  };
}

/** `[B,T,H,K]` of the metadata as `BTHK`. */
export const lettersOf = (list: string): string => list.replaceAll(/[^A-Za-z0-9]/g, "");

/** Some places of the axis U of a tensor, which is then T. */
export function placesOf(x: Value, axes: string, places: ParsedName["places"]): { readonly x: Value; axes: string } {
  const axis = axes.indexOf("U");
  if (places === undefined || axis === -1) return { x, axes };
  const { first, every } = places;
  const apart = reshape(x, x.shape.toSpliced(axis, 1, (x.shape[axis] ?? 0) / every, every));
  const chosen = slice(apart, axis + 1, first, first + 1);
  return { x: reshape(chosen, chosen.shape.toSpliced(axis + 1, 1)), axes: axes.replace("U", "T") };
}

/**
 * A value with axes `from` as one with axes `to`: axes that `to` lacks must be of size 1, axes it has beside are added, and the
 * channels D of all `heads` are the heads H times K. Throws a GraphError where an axis of more than one element would be lost.
 */
export function rearrange(x: Value, from: string, to: string, heads = 1): Value {
  const channels = (letters: string) => letters.includes("D");
  const apart = (letters: string) => letters.includes("H") && letters.includes("K");
  if (channels(from) && !channels(to) && apart(to)) {
    const axis = from.indexOf("D");
    const split = reshape(x, x.shape.toSpliced(axis, 1, heads, (x.shape[axis] ?? heads) / heads));
    return rearrange(split, from.replace("D", "HK"), to);
  }
  if (channels(to) && !channels(from) && apart(from)) {
    const joined = rearrange(x, from, to.replace("D", "HK"));
    const axis = to.indexOf("D");
    const width = (joined.shape[axis] ?? 1) * (joined.shape[axis + 1] ?? 1);
    return reshape(joined, joined.shape.toSpliced(axis, 2, width));
  }
  const unused = [...from].map((letter, axis) => ({ letter, axis }));
  const order = [...to].map((letter) => {
    const place = unused.findIndex((each) => each.letter === letter);
    return place === -1 ? undefined : unused.splice(place, 1)[0]?.axis;
  });
  const lost = unused.find(({ axis }) => x.shape[axis] !== 1);
  if (lost !== undefined || from.length !== x.shape.length) {
    throw new GraphError(`a tensor of axes ${from} and shape [${x.shape.join(", ")}] has no place for them in ${to}`);
  }
  const kept = order.filter((axis) => axis !== undefined);
  const turned = transpose(x, [...kept, ...unused.map(({ axis }) => axis)]);
  const shape: Shape = order.map((axis) => (axis === undefined ? 1 : (x.shape[axis] ?? 1)));
  return reshape(turned, shape);
}
