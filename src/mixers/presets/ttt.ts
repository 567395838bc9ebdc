/** TTT: a linear memory that learns by gradient descent. */
import type { Preset } from "../preset.ts";
import { bare, filtered } from "./common.ts";

const given = { source: "given", bias: null } as const;

/** Mini-batches of 16; the loss is that of a layer norm with a residual. */
export const tttLinear: Preset = {
  name: "ttt-linear",
  title: "TTT-linear",
  paper: "arXiv 2407.04620",
  equation:
    "W_t = W_0 − η_t Σ_s k_sᵀ ∇_s over the mini-batch, ∇ of ½‖LN(k W_0) − (v − k)‖², o_t = y + LN(y), y = s q_t W_t",
  spec: {
    ...filtered,
    state: { featureMap: { kind: "unit" }, scale: "dim", write: { kind: "descent" } },
    outputGate: { kind: "projected" },
  },
  oracles: [
    {
      function: "ttt.naive.chunk_ttt_linear_ref",
      spec: { ...bare, state: { featureMap: { kind: "identity" }, write: { rate: given } } },
      arguments: { "state.write.size": "mini_batch_size" },
      tensors: {
        queries: "q:BHTK",
        keys: "k:BHTK",
        values: "v:BHTK",
        "stream.rate": "eta:BHTI",
        "lossScale.bias": "w:HK",
        "lossShift.bias": "b:HK",
        "state.recurrent": "initial_state:BHKK",
        "state.shift": "initial_state_bias:BHIK",
      },
      states: { recurrent: "final_state:BHKK" },
    },
  ],
};
