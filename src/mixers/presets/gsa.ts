/** Gated slot attention: a fixed number of slots, read by a softmax. */
import type { Preset } from "../preset.ts";

/** 64 slots, written with what their decay leaves. */
export const gsa: Preset = {
  name: "gsa",
  title: "Gated slot attention",
  paper: "arXiv 2409.07146",
  equation: "K̃_t = diag(α_t) K̃_{t−1} + (1 − α_t)ᵀ k_t, Ṽ_t alike, o_t = softmax(q_t K̃_tᵀ) Ṽ_t",
  spec: {
    rope: "none",
    state: {
      featureMap: { kind: "silu" },
      decay: { kind: "sigmoid", per: "feature", divisor: 8 },
      write: { kind: "slots", count: 64 },
    },
    outputNorm: { kind: "rms", silu: true, over: "heads" },
  },
  oracles: [
    {
      function: "gsa.naive.naive_recurrent_gsa",
      spec: {
        outputNorm: null,
        state: {
          featureMap: { kind: "identity" },
          scale: "dim",
          decay: { kind: "given", per: "feature" },
          write: { count: 8, strength: "given" },
        },
      },
      tensors: {
        queries: "q:BHTK",
        keys: "k:BHTK",
        values: "v:BHTV",
        "stream.slots": "s:BHTM",
        "stream.decay": "g:BHTM",
        "state.slotKeys": "initial_state_k:BHKM",
        "state.slotValues": "initial_state_v:BHMV",
      },
      states: { slotKeys: "final_state_k:BHKM", slotValues: "final_state_v:BHMV" },
    },
  ],
};
