/** RWKV-7: a state that removes one direction and writes another. */
import type { Preset } from "../preset.ts";
import { bare, final, givenDecay, initial, qkv } from "./common.ts";

const given = { source: "given", activation: null };
const operator = (write: object, decay: object = givenDecay("feature")) => ({
  ...bare,
  state: { skip: null, decay: { ...decay, bias: null }, write: { direction: given, rate: given, ...write } },
});
const gates = { "stream.direction": "-alpha:BHTK", "stream.rate": "-beta:BHTK" };

/** Queries are r; token shift and the residual of values are left to the block. */
export const rwkv7: Preset = {
  name: "rwkv7",
  title: "RWKV-7",
  paper: "arXiv 2503.14456",
  equation: "S_t = diag(w_t) S_{t−1} − (κ̂_t ⊙ a_t)ᵀ (κ̂_t S_{t−1}) + k_tᵀ v_t, o_t = r_t S_t + (r_t diag(u) k_t) v_t",
  spec: {
    rope: "none",
    state: {
      decay: { kind: "scaled-sigmoid", per: "feature", rank: 64 },
      write: { kind: "general", rate: { rank: 64 } },
      skip: { kind: "bonus" },
    },
    outputNorm: { kind: "group", affine: true },
    outputGate: { kind: "projected", rank: 128, activation: "sigmoid" },
  },
  oracles: [
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
  ],
};
