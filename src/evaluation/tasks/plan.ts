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
  /** What follows the prefixes, in lists that run together. */
  readonly following: readonly (readonly Following[])[];
}

/** A sequence behind the prefix of its group. */
export interface Following {
  readonly group: number;
  readonly sequence: Sequence;
}

/** A piece of work, and how many tokens it computes, padding aside. */
export type Work = (Batch | Shared) & { readonly tokens: number };

/** What the model allows. */
export interface Abilities {
  /** Whether sequences may be read in parts, so that a prefix can be shared. */
  readonly readsInParts: boolean;
  readonly ending: Ending;
  /** How many prefixes of a length may be held at once, and how many sequences may follow them together. */
  bounds(prefix: number, longest: number): { readonly prefixes: number; readonly together: number };
}

/** Tokens that run together: where more are no faster (measured on two cores). */
const batchTokens = 512;
/** Prefixes of fewer tokens are not worth the attention that reaches back to them. */
const leastShared = 8;
/** Tokens whose time a pass through the layers takes beside that of its own tokens (measured on two cores). */
const passTokens = 48;
/** Prefixes are cut to multiples of one of these: more of them have one length, and more tokens are read twice. */
const prefixSteps = [1, 2, 4, 8] as const;

/** Plans the work for requests by question: the cheapest of several ways to share what sequences have in common. */
export function planWork(questions: readonly (readonly Request[])[], abilities: Abilities): Work[] {
  let number = 0;
  const distinct = questions.map((requests) => {
    const first = number;
    number += requests.length;
    return sequencesOf(requests, first);
  });
  const all = distinct.flat();
  const apart = batches(all, abilities.ending);
  if (!abilities.readsInParts) return apart;
  const ofAll = commonLength(all);
  const plans = [apart, ...prefixSteps.map((step) => withOwnPrefixes(distinct, step, abilities))];
  if (ofAll >= leastShared) plans.push([sharedWork(ofAll, [all], abilities)]);
  return plans.reduce((best, plan) => (costOf(plan) < costOf(best) ? plan : best));
}

/** What a plan costs, in tokens: those of its passes, padding included, and the passes themselves. */
function costOf(works: readonly Work[]): number {
  const padded = (sequences: readonly Sequence[]) => sequences.length * longestOf([sequences]);
  return works.reduce((total, work) => {
    if (work.kind === "batch") return total + passTokens + padded(work.sequences);
    const { prefix, groups, following } = work;
    const after = following.map((list) => padded(list.map(({ sequence }) => sequence)) - prefix * list.length);
    return total + (1 + following.length) * passTokens + prefix * groups.length + sum(after);
  }, 0);
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
    const same = (each: readonly number[]) =>
      each === ids || (each.length === ids.length && commonPrefix(each, ids) === ids.length);
    const known = sequences.find((each) => same(each.ids));
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

function sharedWork(prefix: number, groups: readonly (readonly Sequence[])[], abilities: Abilities): Work {
  const { together } = abilities.bounds(prefix, longestOf(groups));
  const after = ({ sequence }: Following) => sequence.ids.length - prefix;
  const following = groups
    .flatMap((sequences, group) => sequences.map((sequence): Following => ({ group, sequence })))
    .filter((each) => after(each) > 0)
    .sort((a, b) => after(b) - after(a));
  const lists = cutByLength(following, after, together);
  const tokens = prefix * groups.length + sum(following.map(after));
  return { kind: "shared", prefix, groups, following: lists, tokens };
}

/** The tokens of the longest sequence. */
export function longestOf(groups: readonly (readonly Sequence[])[]): number {
  return groups.flat().reduce((longest, { ids }) => Math.max(longest, ids.length), 0);
}

/**
 * Items of falling length cut into lists of at most `most`, each padded to its first, so that padding and passes together
 * cost least.
 */
function cutByLength<Item>(items: readonly Item[], lengthOf: (item: Item) => number, most = batchTokens): Item[][] {
  // The cost of the items from each one on, and where the list that begins with it ends.
  const costs = new Float64Array(items.length + 1);
  const ends = new Int32Array(items.length);
  for (let start = items.length - 1; start >= 0; start--) {
    const length = lengthOf(items[start] as Item);
    const largest = Math.min(most, items.length - start, Math.max(1, Math.floor(batchTokens / length)));
    let best = Number.POSITIVE_INFINITY;
    for (let count = 1; count <= largest; count++) {
      const cost = passTokens + count * length + (costs[start + count] ?? 0);
      if (cost > best) continue;
      best = cost;
      ends[start] = start + count;
    }
    costs[start] = best;
  }
  const lists: Item[][] = [];
  for (let start = 0; start < items.length; start = ends[start] ?? items.length) {
    lists.push(items.slice(start, ends[start]));
  }
  return lists;
}

/** Items in their order, at most so many in a list. */
function cutByCount<Item>(items: readonly Item[], most: number): Item[][] {
  const count = Math.ceil(items.length / most);
  return Array.from({ length: count }, (_unused, index) => items.slice(index * most, (index + 1) * most));
}

/** A prefix for each question whose sequences share enough, of a multiple of `step` tokens; the others in batches. */
function withOwnPrefixes(questions: readonly Sequence[][], step: number, abilities: Abilities): Work[] {
  const byPrefix = grouped(questions, (sequences) => {
    const common = sequences.length > 1 ? Math.floor(commonLength(sequences) / step) * step : 0;
    return common >= leastShared ? common : 0;
  });
  return [...byPrefix]
    .sort(([a], [b]) => b - a)
    .flatMap(([prefix, all]) => {
      if (prefix === 0) return batches(all.flat(), abilities.ending);
      const { prefixes } = abilities.bounds(prefix, longestOf(all));
      const most = Math.min(prefixes, Math.max(1, Math.floor(batchTokens / prefix)));
      return cutByCount(all, most).map((part) => sharedWork(prefix, part, abilities));
    });
}

/** Batches of sequences of like length, where padding of the allowed number of tokens is unseen. */
function batches(sequences: readonly Sequence[], { multiple, alone }: Ending): Work[] {
  const byLength = [...sequences].sort((a, b) => b.ids.length - a.ids.length);
  const kin = grouped(byLength, ({ ids }) => (ids.length <= alone ? -ids.length : ids.length % multiple));
  return [...kin.values()].flatMap((family) => {
    const lists = cutByLength(family, ({ ids }) => ids.length);
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
