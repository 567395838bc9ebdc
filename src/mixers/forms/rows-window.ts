/** The window branch for some rows of queries at a time: no length × length matrix is held. */
import { concat, slice, type Value } from "../../graph/index.ts";
import type { MixerSizes } from "../contract.ts";
import type { Term } from "../normalize.ts";
import type { Mixer } from "../spec.ts";
import type { Window } from "../windows/index.ts";
import { maskedMean } from "./masked-window.ts";
import type { WindowInputs } from "./recurrent.ts";
import type { Timeline } from "./timeline.ts";

/** Rows computed at once. */
const rowsAtOnce = 256;

/** The window's term for the queries from `start` up to `end`, by masks over all keys that they may see. */
export function windowRows(
  mixer: Mixer,
  window: Window,
  inputs: WindowInputs,
  timeline: Timeline,
  sizes: MixerSizes,
  [start, end]: readonly [number, number],
): Term {
  const { keys, values, keyPositions, queryPositions, faded, streams = {}, kept } = timeline;
  const { firstQueries } = inputs;
  const rows = (x: Value) => slice(x, -2, start, end);
  const met = (x: Value) => (mixer.spec.causal ? slice(x, -2, 0, kept + end) : x);
  const reading: Timeline = {
    ...timeline,
    keys: met(keys),
    values: met(values),
    keyPositions: mixer.spec.causal ? slice(keyPositions, -1, 0, kept + end) : keyPositions,
    queryPositions: rows(queryPositions),
    ...(faded && { faded: { queries: rows(faded.queries), keys: met(faded.keys) } }),
    streams: Object.fromEntries(Object.entries(streams).map(([name, x]) => [name, rows(x)])),
  };
  return maskedMean(
    mixer,
    window,
    { ...inputs, queries: rows(inputs.queries), ...(firstQueries && { firstQueries: rows(firstQueries) }) },
    reading,
    sizes,
  );
}

/** The terms of consecutive tokens as one. */
export function joinTerms(terms: readonly Term[]): Term {
  const joined = (name: "numerator" | "scale") =>
    concat(
      terms.map((term) => term[name] as Value),
      2,
    );
  return { numerator: joined("numerator"), denominator: 1, scale: joined("scale") };
}

/** The window's term for all queries. Quadratic in the length, as the window is. */
export function windowByRows(
  mixer: Mixer,
  window: Window,
  inputs: WindowInputs,
  timeline: Timeline,
  sizes: MixerSizes,
): Term {
  const { length } = sizes;
  const starts = Array.from({ length: Math.ceil(length / rowsAtOnce) }, (_unused, part) => part * rowsAtOnce);
  const terms = starts.map((start) => {
    const span = [start, Math.min(start + rowsAtOnce, length)] as const;
    return windowRows(mixer, window, inputs, timeline, sizes, span);
  });
  return joinTerms(terms);
}
