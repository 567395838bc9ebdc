/** Hedgehog: linear attention with a learned softmax of both signs. */
import type { Preset } from "../preset.ts";

/** One map per head, trained to match softmax weights. */
export const hedgehog: Preset = {
  name: "hedgehog",
  title: "Hedgehog",
  paper: "arXiv 2402.04347",
  equation: "φ(x) = [softmax(x W), softmax(−x W)], o_t = φ(q_t) S_t / φ(q_t)·z_t",
  spec: { state: { featureMap: { kind: "hedgehog" } }, normalize: { kind: "row" } },
};
