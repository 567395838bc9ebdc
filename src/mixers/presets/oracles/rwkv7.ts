/** How published code of this mixer is read: rwkv7. */
import type { Oracle } from "../../preset.ts";
import { bare, final, givenDecay, initial, qkv } from "../common.ts";

const given = { source: "given", activation: null };
const operator = (write: object, decay: object = givenDecay("feature")) => ({
  ...bare,
  state: { skip: null, decay: { ...decay, bias: null }, write: { direction: given, rate: given, ...write } },
});
const gates = { "stream.direction": "-alpha:BHTK", "stream.rate": "-beta:BHTK" };

/** The reference implementations. */
export const oracles: readonly Oracle[] = [
  {
    function: "dplr.naive.dplr_recurrence",
    spec: operator({}),
    tensors: {
      queries: "r:BHTK",
      keys: "k:BHTK",
      values: "v:BHTV",
      ...initial,
      "stream.decay": "w:BHTK",
      "stream.direction": "kk:BHTK",
      "stream.rate": "a:BHTK",
    },
    states: final,
  },
  {
    function: "dplr.naive.dplr_recurrence",
    spec: { ...operator({ whole: true }), state: { ...operator({ whole: true }).state, scale: "dim" } },
    tensors: { ...qkv, ...initial, ...gates, "stream.decay": "gk:BHTK" },
    states: final,
  },
  {
    function: "iplr.naive.iplr_recurrence",
    spec: {
      ...bare,
      state: {
        skip: null,
        scale: "dim",
        decay: { kind: "none", per: null, rank: null, bias: null },
        write: { direction: given, rate: given, whole: true },
      },
    },
    tensors: { ...qkv, ...initial, ...gates },
    states: final,
  },
];
