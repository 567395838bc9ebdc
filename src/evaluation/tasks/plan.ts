/** Which sequences run together: those that begin alike share their beginning, others run beside some of like length. */
import type { Ending } from "../../mixers/index.ts";
import type { Request } from "./requests.ts";

/** A token whose probability is wanted: that of `target` after place `place` of a sequence, for a request. */
export interface Wanted {
  readonly request: number;
  readonly place: number;
  readonly target: number;
}

/** Token ids that are read once, and what is wanted of them. */
export interface Sequence {
  readonly ids: readonly number[];
  readonly wanted: readonly Wanted[];
}

/** Sequences that run together, padded on the right. */
export interface Batch {
  readonly kind: "batch";
  readonly sequences: readonly Sequence[];
}

/** Sequences behind prefixes of one length: each inner list begins with the same `prefix` tokens. */
export interface Shared {
  readonly kind: "shared";
  readonly prefix: number;
  readonly groups: readonly (readonly Sequence[])[];
}

/** A piece of work, and how many tokens it computes, padding aside. */
export type Work = (Batch | Shared) & { readonly tokens: number };

/** What the model allows. */
export interface Abilities {
  /** Whether sequences may be read in parts, so that a prefix can be shared. */
  readonly readsInParts: boolean;
  readonly ending: Ending;
}

/** Tokens that run together: where more are no faster (measured on two cores). */
const batchTokens = 512;
/** Tokens that follow one prefix at once: bounds what is held of them, and makes the prefix a small share. */
const sharedTokens = 16384;
/** Prefixes of fewer tokens are not worth a pass of their own. */
const leastShared = 8;
/** How many times the tokens of prefixes may follow them at once. */
const mostFollowing = 8;
/** The shortest sequence of a batch is at least this share of the longest: bounds the padding. */
const leastFilled = 0.75;

/** Plans the work for requests by question, in an order of falling length. */
export function planWork(questions: readonly (readonly Request[])[], abilities: Abilities): Work[] {
  let number = 0;
  const distinct = questions.map((requests) => {
    const first = number;
    number += requests.length;
    return sequencesOf(requests, first);
  });
  if (!abilities.readsInParts) return batches(distinct.flat(), abilities.ending);
  const all = distinct.flat();
  const ofAll = commonLength(all);
  const ofEach = distinct.map(commonLength);
  const saved = ofEach.reduce((sum, length, index) => sum + length * ((distinct[index]?.length ?? 1) - 1), 0);
  if (ofAll * (all.length - 1) > saved) return withOnePrefix(all, ofAll);
  const alone = distinct.filter((_each, index) => !shares(distinct[index] ?? [], ofEach[index] ?? 0));
  const together = distinct.filter((_each, index) => shares(distinct[index] ?? [], ofEach[index] ?? 0));
  return [...withOwnPrefixes(together), ...batches(alone.flat(), abilities.ending)];
}

/** Whether a question's sequences share enough. */
function shares(sequences: readonly Sequence[], common: number): boolean {
  return sequences.length > 1 && common >= leastShared;
}

/** A question's sequences, equal ones once. */
function sequencesOf(requests: readonly Request[], first: number): Sequence[] {
  const sequences: { readonly ids: readonly number[]; readonly wanted: Wanted[] }[] = [];
  requests.forEach(({ ids, targets }, index) => {
    const wanted = targets.map((target, at) => ({
      request: first + index,
      place: ids.length - targets.length + at,
      target,
    }));
    const known = sequences.find(
      (each) => commonPrefix(each.ids, ids) === ids.length && each.ids.length === ids.length,
    );
    if (known === undefined) sequences.push({ ids, wanted });
    else known.wanted.push(...wanted);
  });
  return sequences;
}

function commonPrefix(a: readonly number[], b: readonly number[]): number {
  const most = Math.min(a.length, b.length);
  let length = 0;
  while (length < most && a[length] === b[length]) length++;
  return length;
}

/** Tokens with which all sequences begin. */
function commonLength(sequences: readonly Sequence[]): number {
  const [first] = sequences;
  if (first === undefined) return 0;
  return sequences.reduce((length, { ids }) => Math.min(length, commonPrefix(first.ids, ids)), first.ids.length);
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);
const lengthsOf = (sequences: readonly Sequence[]) => sequences.map(({ ids }) => ids.length);

function sharedWork(prefix: number, groups: readonly (readonly Sequence[])[]): Work {
  const after = groups.flat().map(({ ids }) => ids.length - prefix);
  return { kind: "shared", prefix, groups, tokens: prefix * groups.length + sum(after) };
}

/** Sequences cut into lists whose sizes, as `sizeOf` counts them, add up to at most `most`; a larger one is alone. */
function cutBy<Item>(items: readonly Item[], most: number, sizeOf: (item: Item) => number): Item[][] {
  const lists: Item[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const item of items) {
    if (size + sizeOf(item) > most) {
      lists.push([]);
      size = 0;
    }
    lists.at(-1)?.push(item);
    size += sizeOf(item);
  }
  return lists;
}

function withOnePrefix(sequences: readonly Sequence[], prefix: number): Work[] {
  const byLength = [...sequences].sort((a, b) => b.ids.length - a.ids.length);
  const parts = cutBy(byLength, sharedTokens, ({ ids }) => ids.length - prefix);
  return parts.map((part) => sharedWork(prefix, [part]));
}

function withOwnPrefixes(questions: readonly (readonly Sequence[])[]): Work[] {
  const byPrefix = grouped(questions, (sequences) => commonLength(sequences));
  return [...byPrefix]
    .sort(([a], [b]) => b - a)
    .flatMap(([prefix, all]) => {
      const following = (sequences: readonly Sequence[]) => sum(lengthsOf(sequences)) - prefix * sequences.length;
      const parts = cutBy(all, batchTokens, (each) => Math.max(prefix, following(each) / mostFollowing));
      return parts.map((part) => sharedWork(prefix, part));
    });
}

/** Batches of sequences of like length, where padding of the allowed number of tokens is unseen. */
function batches(sequences: readonly Sequence[], { multiple, alone }: Ending): Work[] {
  const byLength = [...sequences].sort((a, b) => b.ids.length - a.ids.length);
  const kin = grouped(byLength, ({ ids }) => (ids.length <= alone ? -ids.length : ids.length % multiple));
  return [...kin.values()].flatMap((family) => {
    const lists: Sequence[][] = [];
    for (const sequence of family) {
      const list = lists.at(-1);
      const longest = list?.[0]?.ids.length ?? 0;
      const fits = ((list?.length ?? 0) + 1) * longest <= batchTokens && sequence.ids.length >= leastFilled * longest;
      if (list !== undefined && fits) list.push(sequence);
      else lists.push([sequence]);
    }
    return lists.map((list): Work => ({ kind: "batch", sequences: list, tokens: sum(lengthsOf(list)) }));
  });
}

function grouped<Item>(items: readonly Item[], keyOf: (item: Item) => number): Map<number, Item[]> {
  const groups = new Map<number, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
