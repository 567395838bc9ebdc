/** Qwen 2 and 2.5: Llama with biases on queries, keys and values (arXiv 2407.10671, 2412.15115). */
import { configSchema } from "../config.ts";
import type { Family } from "../family.ts";
import { ggufConfig, ggufTensors } from "../gguf.ts";
import { llamaLike, llamaShape, llamaTensors } from "../llama-like.ts";
import { layerWindows, windowShape } from "../windows.ts";

/** The family's description. */
const family: Family = {
  name: "qwen2",
  modelTypes: ["qwen2"],
  config: configSchema({ ...llamaShape, ...windowShape }, (c) =>
    llamaLike("qwen2", c, layerWindows(c, { biases: { qkv: true, output: false, mlp: false } })),
  ),
  tensors: llamaTensors(),
  gguf: { architecture: "qwen2", config: ggufConfig, tensors: ggufTensors() },
};

export default family;
