/** Based: the exponential to second order, of few dimensions. */
import type { Preset } from "../preset.ts";
import { qkv } from "./common.ts";

/** 1 + z + z² / 2. */
export const based: Preset = {
  name: "based",
  title: "Based",
  paper: "arXiv 2402.18668",
  equation: "a_tj = 1 + z + z²/2, z = q_t·k_j / √d; o_t = Σ_{j≤t} a_tj v_j / (Σ_{j≤t} a_tj + ε)",
  spec: { state: { featureMap: { kind: "taylor" } }, normalize: { kind: "row", epsilon: 1e-6 } },
  oracles: [
    {
      function: "based.naive.naive_parallel_based",
      tensors: qkv,
      looser: { float32: 0.5, because: "the weight of a single token cancels but for ε, and its gradient with it" },
    },
  ],
};
