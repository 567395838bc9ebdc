/** A window that retains tokens, block after block: linear in the length. */
import { add, constant, integers, mask, reshape, rows, slice, topIndices, type Value } from "../../graph/index.ts";
import type { MixerSizes } from "../contract.ts";
import { joinHeads, sharedByGroup, splitHeads } from "../heads.ts";
import type { Term } from "../normalize.ts";
import { hidden } from "../recurrence/triangle.ts";
import type { Mixer } from "../spec.ts";
import type { Retention, Window } from "../windows/index.ts";
import { attend, type Met } from "./attend.ts";
import { maskedMean } from "./masked-window.ts";
import type { WindowInputs } from "./recurrent.ts";
import { joinTerms } from "./rows-window.ts";
import { scoresOf } from "./scores.ts";
import { sinkScores } from "./sink-scores.ts";
import type { Timeline } from "./timeline.ts";

/** The window's term for a call: from a state by masks over what it holds, else each block with its own keys. */
export function salientWindow(
  mixer: Mixer,
  window: Window,
  retention: Retention,
  inputs: WindowInputs,
  timeline: Timeline,
  sizes: MixerSizes,
): Term {
  const { length } = sizes;
  if (inputs.state !== undefined) {
    const quick: Window = { ...window, sees: (positions) => retention.sees(positions, length) };
    return maskedMean(mixer, quick, inputs, timeline, sizes);
  }
  const starts = Array.from(
    { length: Math.ceil(length / retention.block) },
    (_unused, index) => index * retention.block,
  );
  return joinTerms(starts.map((start) => blockTerm(mixer, window, retention, inputs, timeline, sizes, start)));
}

/** The term of the block that begins at `start`, of a sequence that begins with the call. */
function blockTerm(
  { spec }: Mixer,
  window: Window,
  { size, block, tokens }: Retention,
  inputs: WindowInputs,
  timeline: Timeline,
  sizes: MixerSizes,
  start: number,
): Term {
  const { groups, length } = sizes;
  const { first } = window;
  const end = Math.min(start + block, length);
  const from = Math.max(0, start - size);
  const within = (x: Value) => splitHeads(slice(x, 2, start, end), groups);
  const queries = within(inputs.queries);
  const meet = (keys: Value, values: Value): Met => ({
    scores: scoresOf(spec, queries, sharedByGroup(keys)),
    values: sharedByGroup(values),
  });
  const near = meet(slice(timeline.keys, 2, from, end), slice(timeline.values, 2, from, end));
  const sees = (query: number, key: number) => key <= query && key >= first;
  const met: Met[] = [{ ...near, scores: add(near.scores, bias([start, end], [from, end], sees)) }];
  if (from > first && !timeline.alone) {
    const chosen = highest(timeline, [first, from], tokens);
    met.push(meet(chosen(timeline.keys), chosen(timeline.values)));
  }
  const early = start < first ? mask([end - start, first], (query = 0, key = 0) => key <= start + query) : undefined;
  const firstQueries = inputs.firstQueries ? within(inputs.firstQueries) : queries;
  const term = attend([...met, ...sinkScores(window, inputs, timeline, sizes, firstQueries, spec, early)]);
  return { numerator: joinHeads(term.numerator), denominator: 1, scale: joinHeads(term.scale as Value) };
}

/** 0 for keys that a query sees, very negative for the others, `[queries, keys]`. */
function bias(
  [start, end]: readonly [number, number],
  [from, to]: readonly [number, number],
  sees: (query: number, key: number) => boolean,
): Value {
  const [rows, columns] = [end - start, to - from];
  const numbers = Float32Array.from({ length: rows * columns }, (_unused, at) =>
    sees(start + Math.floor(at / columns), from + (at % columns)) ? 0 : hidden,
  );
  return constant(numbers, [rows, columns]);
}

/** Takes of keys or values those in the given places that are worth most. */
function highest(
  { salience }: Timeline,
  [start, end]: readonly [number, number],
  tokens: number,
): (all: Value) => Value {
  if (salience === undefined || end - start <= tokens) return (all) => slice(all, 2, start, end);
  const [batch = 1, groups = 1, , keys = 1] = salience.shape;
  const top = topIndices(slice(salience, 3, start, end), tokens);
  const starts = Array.from({ length: batch * groups }, (_unused, index) => index * keys + start);
  const places = add(reshape(top, [batch, groups, tokens]), reshape(integers(starts), [batch, groups, 1]));
  return (all) => rows(reshape(all, [batch * groups * keys, -1]), places);
}
