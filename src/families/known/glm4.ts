/** GLM-4-0414 and Z1: GLM with norms around both sublayers (Zhipu, 2025; arXiv 2406.12793). */
import { configSchema } from "../config.ts";
import type { Family } from "../family.ts";
import { glmLike, glmShape, glmTensors } from "../glm-like.ts";

/** The family's description. */
const family: Family = {
  name: "glm4",
  modelTypes: ["glm4"],
  config: configSchema(glmShape, (c) => glmLike("glm4", c, { norms: ["before", "output"] })),
  tensors: glmTensors({ attentionOutputNorm: "post_self_attn_layernorm", mlpOutputNorm: "post_mlp_layernorm" }),
};

export default family;
