/** StreamingLLM: the newest keys, and the first tokens of the sequence. */
import type { Preset } from "../preset.ts";

/** Four first tokens stay; they keep their own positions, where the published code counts positions inside the cache. */
export const streamingLlm: Preset = {
  name: "streaming-llm",
  title: "StreamingLLM",
  paper: "arXiv 2309.17453",
  equation: "o_t = Σ softmax_j(q_t·k_j / √d) v_j over j < 4 and t−w < j ≤ t",
  spec: { window: { kind: "slide", size: 64, sinks: { tokens: 4 } } },
};
