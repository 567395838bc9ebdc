/** How published code of this mixer is read: kda. */
import type { Oracle } from "../../preset.ts";
import { bare, final, givenDecay, givenDelta, initial, qkv } from "../common.ts";

const gate = { "stream.decay": "g:BHTK", "decay.rate": "A_log:H", "decay.stepBias": "dt_bias:D" };

/** The reference implementations. */
export const oracles: readonly Oracle[] = [
  {
    function: "kda.naive.naive_recurrent_kda",
    spec: { ...bare, state: { ...givenDelta, decay: givenDecay("feature") } },
    tensors: { ...qkv, ...initial, "stream.strength": "beta:BHTI", "stream.decay": "g:BHTK" },
    states: final,
  },
  {
    function: "kda.gate.naive_kda_gate",
    part: "decay",
    spec: { state: { decay: { source: "given", rank: null } } },
    tensors: gate,
  },
  {
    function: "kda.gate.naive_kda_lowerbound_gate",
    part: "decay",
    spec: { state: { decay: { kind: "bounded", source: "given", rank: null } } },
    arguments: { "state.decay.lowest": "lower_bound" },
    tensors: gate,
  },
];
