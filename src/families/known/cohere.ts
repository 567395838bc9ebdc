/** Cohere's Command R and Aya: one LayerNorm for attention and MLP beside each other, scaled logits (Cohere, 2024). */
import { z } from "zod";
import { cohereGguf, cohereLike, cohereShape, cohereTensors } from "../cohere-like.ts";
import { configSchema } from "../config.ts";
import type { Family } from "../family.ts";
import { hasAttentionBias } from "../gguf.ts";

const shape = { ...cohereShape, use_qk_norm: z.boolean().default(false) };

/** The family's description. */
const family: Family = {
  name: "cohere",
  modelTypes: ["cohere"],
  config: configSchema(shape, (c) => cohereLike("cohere", c, () => ({ headNorms: c.use_qk_norm ? "heads" : "none" }))),
  tensors: cohereTensors,
  gguf: {
    architecture: "command-r",
    ...cohereGguf,
    implied: (has) => ({ attention_bias: hasAttentionBias(has), use_qk_norm: has("blk.0.attn_q_norm.weight") }),
  },
};

export default family;
