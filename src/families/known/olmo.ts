/** OLMo: Llama with layer norms that have neither scale nor bias (arXiv 2402.00838). */
import { z } from "zod";
import { configSchema } from "../config.ts";
import type { Family } from "../family.ts";
import { attentionBiases, llamaLike, llamaShape, llamaTensors } from "../llama-like.ts";

const { rms_norm_eps: _none, ...shared } = llamaShape;

const shape = {
  ...shared,
  attention_bias: z.boolean().default(false),
  clip_qkv: z.null().optional(),
};

const norm = { kind: "layer", epsilon: 1e-5, offset: 0, bias: false, scale: false } as const;

/** The family's description. */
const family: Family = {
  name: "olmo",
  modelTypes: ["olmo"],
  config: configSchema(shape, (c) =>
    llamaLike(
      "olmo",
      { ...c, rms_norm_eps: norm.epsilon },
      { norm, biases: attentionBiases(c.attention_bias) },
      { norm },
    ),
  ),
  tensors: llamaTensors(),
};

export default family;
