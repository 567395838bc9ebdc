/** What `probe` returns: three layers, one of which the linearized model keeps. */
import type { ProbeDocument } from "../../src/pipeline/contract.ts";

export const probeDocument: ProbeDocument = {
  model: "smol",
  recipe: "lolcats",
  length: 1024,
  tokens: 16_368,
  target_length: 8192,
  teacher: { perplexity: 17.5, recall: 0.75, recall_log_probability: -0.5 },
  linearized: { perplexity: 35, recall: 0, recall_log_probability: -6.25, ratio: 2 },
  layers: [
    {
      ...{ layer: 0, perplexity: 17.75, recall: 0.5, recall_log_probability: -1.5, ratio: 1.01429 },
      ...{ kv_bytes: 12_582_912, state_bytes: 294_912 },
    },
    {
      ...{ layer: 1, perplexity: null, recall: null, recall_log_probability: null, ratio: null },
      ...{ kv_bytes: 12_582_912, state_bytes: null },
    },
    {
      ...{ layer: 2, perplexity: 28, recall: 0.125, recall_log_probability: -4.5, ratio: 1.6 },
      ...{ kv_bytes: 12_582_912, state_bytes: 294_912 },
    },
  ],
  plan: {
    softmax: [1, 2],
    setting: "layers.softmax=[1,2]",
    bytes: 25_460_736,
    memory: 33_554_432,
    by: "perplexity",
    expected_ratio: 1.01429,
  },
};
