/** Native sparse attention: the branch of selected blocks. */
import type { Preset } from "../preset.ts";

/** 16 blocks of 64 keys; which ones is given. */
export const nsaSelection: Preset = {
  name: "nsa-selection",
  title: "Native sparse attention, selected blocks",
  paper: "arXiv 2502.11089",
  equation: "o_t = Σ softmax_j(q_t·k_j / √d) v_j over j ≤ t in the selected blocks and the query's own",
  spec: { window: { kind: "selected", size: 64, count: 16 } },
  oracles: [
    {
      function: "nsa.naive.naive_nsa_selection",
      spec: { window: { count: 5 } },
      arguments: { "window.size": "block_size" },
      tensors: {
        queries: "q:BHTK",
        keys: "k:BHTK",
        values: "v:BHTV",
        "stream.blocks": "block_indices:BTHM>BHTM",
      },
      unused: ["k_cmp"],
    },
  ],
};
