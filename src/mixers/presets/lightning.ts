/** Lightning attention: constant decays per head and layer. */
import type { Preset } from "../preset.ts";
import { final, initial, qkv } from "./common.ts";

/** Slopes that fall with depth; the first head never forgets. */
export const lightning: Preset = {
  name: "lightning",
  title: "Lightning attention",
  paper: "arXiv 2401.04658",
  equation: "S_t = e^{−(8/H)(1 − l/L) h} S_{t−1} + k_tᵀ v_t, o_t = s q_t S_t",
  spec: { state: { scale: "dim", decay: { kind: "constant", slopes: "lightning" } } },
  oracles: [
    {
      function: "lightning_attn.chunk.chunk_lightning_attn",
      arguments: { "state.decay.layer": "layer_idx", "state.decay.layers": "num_layers" },
      tensors: { ...qkv, ...initial },
      states: final,
    },
  ],
};
