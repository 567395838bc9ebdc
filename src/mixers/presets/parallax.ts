/** Parallax: local linear attention whose slopes are learned instead of solved for. */
import type { Preset } from "../preset.ts";

/** A slope of zero is softmax attention exactly; not linear in the length: it keeps every token. */
export const parallax: Preset = {
  name: "parallax",
  title: "Parallax",
  paper: "arXiv 2605.29157",
  equation: "o = E_p[v] − Cov_p(r·k, v), p = softmax(q·k / √d), r = x W",
  spec: { state: { write: { kind: "covariance" } } },
};
