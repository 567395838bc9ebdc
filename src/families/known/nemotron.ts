/** Nemotron and Minitron: LayerNorm that adds one to its scale, a plain MLP of squared ReLU, half of each head rotated (arXiv 2402.16819). */
import { z } from "zod";
import { activation, configSchema, headsOf, ropeOf, size } from "../config.ts";
import type { Family } from "../family.ts";
import { ggufSizes, ggufTensors, impliedBiases } from "../gguf.ts";
import { attentionBiases, llamaLike, llamaShape, llamaTensors } from "../llama-like.ts";

const { rms_norm_eps: _rms, ...shared } = llamaShape;
const share = z.number().gt(0).max(1).nullish();

const shape = {
  ...shared,
  max_position_embeddings: size.default(4096),
  norm_eps: z.number().positive().default(1e-5),
  hidden_act: activation.default("squaredRelu"),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
  // As the first published configurations call the rotated share of a head.
  rope_percent: share,
};

/** The family's description. */
const family: Family = {
  name: "nemotron",
  modelTypes: ["nemotron"],
  config: configSchema(shape, (c) => {
    const { headDim } = headsOf(c.hidden_size, c.num_attention_heads, c.num_key_value_heads, c.head_dim);
    const norm = { kind: "layer", epsilon: c.norm_eps, offset: 1, bias: true } as const;
    const turning = { ...c, partial_rotary_factor: c.partial_rotary_factor ?? c.rope_percent ?? 0.5 };
    return llamaLike(
      "nemotron",
      { ...c, rms_norm_eps: c.norm_eps },
      {
        norm,
        mlp: { size: c.intermediate_size, gated: false, activation: c.hidden_act },
        biases: attentionBiases(c.attention_bias, c.mlp_bias),
      },
      { norm, ropes: [ropeOf(turning, { headDim, context: c.max_position_embeddings })] },
    );
  }),
  tensors: llamaTensors(),
  gguf: {
    architecture: "nemotron",
    config: { ...ggufSizes, head_dim: "attention.key_length", norm_eps: "attention.layer_norm_epsilon" },
    implied: impliedBiases,
    tensors: ggufTensors({}, { wholeNorms: true }),
  },
};

export default family;
