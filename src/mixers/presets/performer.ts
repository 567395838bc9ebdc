/** Performer: random features of the softmax kernel. */
import type { Preset } from "../preset.ts";

/** Directions are drawn once and kept with the model. */
export const performer: Preset = {
  name: "performer",
  title: "Performer",
  paper: "arXiv 2009.14794",
  equation:
    "o_t = φ(q_t) S_t / φ(q_t)·z_t, φ(x)_i = exp(ω_i·x − ‖x‖² / 2), x = q / d^¼, ω orthogonal blocks of normal length",
  spec: { state: { featureMap: { kind: "random" } }, normalize: { kind: "row" } },
};
