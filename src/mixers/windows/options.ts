/** Options that windows share: sinks, and keys that fade. */
import { z } from "zod";
import { and, integers, less, or, type Value } from "../../graph/index.ts";
import type { MixerInputs, MixerSizes } from "../contract.ts";
import type { Decay } from "../gates/decay.ts";
import { decays } from "../gates/decays/index.ts";
import { stores } from "./store.ts";
import { causal, type Fading, type Positions, type Sights, type Window } from "./window.ts";

const count = z.number().int().nonnegative().default(0);

/** The options, to be spread into a kind's schema. */
export const windowOptions = {
  /**
   * `tokens`: the sequence's first tokens stay visible (StreamingLLM, arXiv 2309.17453), at their positions in the sequence,
   * or (`capped`) as if the query stood no farther than a cap, beyond which the model was not trained. `logits`: learned scores per head without a value (gpt-oss; Lizard, arXiv 2507.09025).
   */
  sinks: z.strictObject({ tokens: count, capped: z.boolean().default(false), logits: count }).optional(),
  /** Rounds each token's keys and values once, as it keeps them from call to call: `int8`, with one unit per head. */
  store: z.enum(["int8"]).optional(),
  /** Adds the sum of log decays since each key to its score (Forgetting Transformer, arXiv 2503.02130). */
  decay: decays.schema
    .refine((options) => decays.declare(options).per === "head", "keys fade by one factor per head")
    .optional(),
};

const schema = z.strictObject(windowOptions);
type Options = z.output<typeof schema>;
type Sinks = NonNullable<Options["sinks"]>;

/** A kind's windows with the shared options. */
export function withOptions({ causal: forwards, bothWays }: Sights, { sinks, store, decay }: Options): Sights {
  const change = (window: Window | string, directed: boolean) => {
    if (typeof window === "string") return window;
    const kept = store === undefined ? window : { ...window, store: stores[store] };
    return sinks === undefined ? kept : withSinks(kept, sinks, directed);
  };
  const [first, second] = [change(forwards, true), change(bothWays, false)];
  if (decay === undefined) return { causal: first, bothWays: second };
  const reason = "keys fade in the order of the tokens";
  if (typeof first === "string") return { causal: first, bothWays: reason };
  const faded = first.first > 0 ? "sinks that stay do not fade: leave out sinks.tokens or decay" : undefined;
  return { causal: faded ?? fading(first, decays.declare(decay)), bothWays: reason };
}

function withSinks(
  { operator: _none, ...window }: Window,
  { tokens, capped, logits }: Sinks,
  directed: boolean,
): Window {
  const stays = (positions: Positions) => {
    const early = less(positions.keys, integers([tokens]));
    return directed ? and(causal(positions), early) : early;
  };
  return {
    ...window,
    ...(window.leaves && { leaves: { ...window.leaves, stay: tokens } }),
    first: Math.max(window.first, tokens),
    cappedFirst: capped,
    logits,
    // A window that retains tokens never counts the first among them: all forms keep those apart.
    sees: (positions) =>
      tokens === 0 || window.retains ? window.sees(positions) : or(window.sees(positions), stays(positions)),
    parameters: (sizes) => ({
      ...window.parameters(sizes),
      ...(logits > 0 && { "window.sinks": { shape: [sizes.heads, logits], initial: { kind: "constant", value: 0 } } }),
    }),
  };
}

const prefix = "window.";
const own = "decay";

/** A decay's tensors under the window's name: a state may have a decay too. */
const named = <T>(all: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(all).map(([name, x]) => [name.startsWith(own) ? prefix + name : name, x]));

const unnamed = (all: Readonly<Record<string, Value>>): Record<string, Value> =>
  Object.fromEntries(
    Object.entries(all).flatMap(([name, x]): [string, Value][] => {
      if (name.startsWith(own)) return [];
      return [[name.startsWith(prefix + own) ? name.slice(prefix.length) : name, x]];
    }),
  );

function fading({ operator: _none, ...window }: Window, decay: Decay): Window {
  const widths = { features: 1, values: 1 };
  const read: Fading = ({ parameters, streams = {}, ...inputs }: MixerInputs, sizes: MixerSizes) => {
    const decays = decay.read?.(
      { ...inputs, parameters: unnamed(parameters), streams: unnamed(streams) },
      sizes,
      widths,
    );
    if (decays === undefined) throw new TypeError("the schema asks for a decay per head");
    return decays.decay;
  };
  return {
    ...window,
    fading: read,
    parameters: (sizes) => ({ ...window.parameters(sizes), ...named(decay.parameters(sizes, widths)) }),
    streams: (sizes) => ({ ...window.streams(sizes), ...named(decay.streams(sizes, widths)) }),
  };
}
