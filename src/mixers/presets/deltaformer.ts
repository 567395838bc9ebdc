/** DeltaFormer: softmax attention over what each value adds to those before. */
import type { Preset } from "../preset.ts";

/** Every query still reads every key. */
export const deltaFormer: Preset = {
  name: "deltaformer",
  title: "DeltaFormer",
  paper: "arXiv 2505.19488",
  equation: "u_t = v_t − β_t Σ_{s<t} softmax_s(s q_t·k_s) u_s, o_t = Σ_{s≤t} softmax_s(s q_t·k_s) u_s",
  spec: { state: { scale: "dim", write: { kind: "differences" } } },
  oracles: [
    {
      function: "deltaformer.naive.naive_deltaformer_attn",
      spec: { state: { write: { strength: { source: "given" } } } },
      tensors: { queries: "q:BHTK", keys: "k:BHTK", values: "v:BHTK", "stream.strength": "beta:BHTI" },
    },
  ],
};
