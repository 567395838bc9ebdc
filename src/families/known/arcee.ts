/** Arcee's AFM: Llama with a plain MLP of squared ReLU (Arcee, 2025; arXiv 2109.08668). */
import { z } from "zod";
import { activation, configSchema, size } from "../config.ts";
import type { Family } from "../family.ts";
import { ggufConfig, ggufTensors, impliedBiases } from "../gguf.ts";
import { attentionBiases, llamaLike, llamaShape, llamaTensors } from "../llama-like.ts";

const shape = {
  ...llamaShape,
  max_position_embeddings: size.default(4096),
  rms_norm_eps: z.number().positive().default(1e-5),
  hidden_act: activation.default("squaredRelu"),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
};

/** The family's description. */
const family: Family = {
  name: "arcee",
  modelTypes: ["arcee"],
  config: configSchema(shape, (c) =>
    llamaLike("arcee", c, {
      mlp: { size: c.intermediate_size, gated: false, activation: c.hidden_act },
      biases: attentionBiases(c.attention_bias, c.mlp_bias),
    }),
  ),
  tensors: llamaTensors(),
  gguf: {
    architecture: "arcee",
    config: ggufConfig,
    implied: impliedBiases,
    tensors: ggufTensors({}, { rotary: "adjacent" }),
  },
};

export default family;
