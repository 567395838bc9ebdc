/** HGRN: what a gate forgets is what it writes, element by element. */
import type { Preset } from "../preset.ts";

/** Element by element: no outer product, the state is as wide as the values. */
export const hgrn: Preset = {
  name: "hgrn",
  title: "HGRN",
  paper: "arXiv 2311.04823",
  equation: "h_t = α_t ⊙ h_{t−1} + (1 − α_t) ⊙ v_t, o_t = h_t",
  spec: {
    rope: "none",
    state: {
      featureMap: { kind: "one" },
      decay: { kind: "sigmoid", per: "value" },
      write: { kind: "add", values: "complement" },
    },
    outputNorm: { kind: "rms", over: "heads" },
    outputGate: { kind: "projected" },
  },
  oracles: [
    {
      function: "hgrn.naive.naive_recurrent_hgrn",
      spec: {
        outputNorm: null,
        outputGate: null,
        state: { decay: { kind: "given", per: "value" }, write: { values: "own" } },
      },
      tensors: { values: "x:BITD", "stream.decay": "g:BITD", "state.recurrent": "initial_state:BIJD" },
      states: { recurrent: "final_state:BIJD" },
    },
  ],
};
