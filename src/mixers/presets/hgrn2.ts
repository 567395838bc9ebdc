/** HGRN2: what a gate forgets is the key it writes by. */
import type { Preset } from "../preset.ts";
import { final, givenDecay, initial } from "./common.ts";

/** With outer products: keys are 1 − α. */
export const hgrn2: Preset = {
  name: "hgrn2",
  title: "HGRN2",
  paper: "arXiv 2404.07904",
  equation: "S_t = diag(α_t) S_{t−1} + (1 − α_t)ᵀ v_t, o_t = s silu(q_t) S_t",
  spec: {
    rope: "none",
    state: {
      featureMap: { kind: "silu" },
      scale: "dim",
      decay: { kind: "sigmoid", per: "feature" },
      write: { kind: "add", keys: "complement" },
    },
    outputNorm: { kind: "rms", over: "heads" },
  },
  oracles: [
    {
      function: "gla.naive.naive_recurrent_gla",
      spec: { outputNorm: null, state: { featureMap: { kind: "identity" }, decay: givenDecay("feature") } },
      tensors: { queries: "q:BHTK", values: "v:BHTV", "stream.decay": "g:BHTK", ...initial },
      states: final,
    },
  ],
};
