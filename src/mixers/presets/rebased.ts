/** Rebased: a learned square, of few dimensions. */
import type { Preset } from "../preset.ts";
import { qkv } from "./common.ts";

/** The square of learned affine norms. */
export const rebased: Preset = {
  name: "rebased",
  title: "Rebased",
  paper: "arXiv 2402.10644",
  equation: "a_tj = (y(q_t)·y(k_j))² / d, y = γ ⊙ LN(x) + β; o_t = Σ_{j≤t} a_tj v_j / (Σ_{j≤t} a_tj + ε)",
  spec: { state: { featureMap: { kind: "quadratic" } }, normalize: { kind: "row", epsilon: 1e-6 } },
  oracles: [
    {
      function: "rebased.naive.naive_parallel_rebased",
      spec: { state: { featureMap: { affine: false } } },
      tensors: qkv,
      looser: { float32: 0.1, because: "features of both signs add up to a square that may be near zero" },
    },
  ],
};
