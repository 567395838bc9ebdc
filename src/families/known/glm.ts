/** GLM-4: half of each head rotated, biases of queries, keys and values, a fused gate (arXiv 2406.12793). */
import { configSchema } from "../config.ts";
import type { Family } from "../family.ts";
import { glmLike, glmShape, glmTensors } from "../glm-like.ts";

/** The family's description. */
const family: Family = {
  name: "glm",
  modelTypes: ["glm"],
  config: configSchema(glmShape, (c) => glmLike("glm", c)),
  tensors: glmTensors(),
};

export default family;
