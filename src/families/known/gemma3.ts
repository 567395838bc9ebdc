/** Gemma 3: norms of queries and keys, five layers with a window to one without, each kind with rotary settings of its own (arXiv 2503.19786). */
import { z } from "zod";
import { attention } from "../attention.ts";
import { configSchema, ropeOf, ropeSettings, size } from "../config.ts";
import type { Family } from "../family.ts";
import { cappedGguf, queryScalar } from "../gemma-gguf.ts";
import { cappedShape, gemmaLike, sandwiched } from "../gemma-like.ts";
import { ggufTensors } from "../gguf.ts";
import { llamaTensors } from "../llama-like.ts";

const shape = {
  ...cappedShape,
  rope_theta: z.number().positive().default(1e6),
  rope_local_base_freq: z.number().positive().default(1e4),
  rope_parameters: z.object({ full_attention: ropeSettings, sliding_attention: ropeSettings }).nullish(),
  sliding_window_pattern: size.default(6),
  _sliding_window_pattern: size.nullish(),
};

/** The family's description. */
const family: Family = {
  name: "gemma3",
  modelTypes: ["gemma3_text"],
  config: configSchema(shape, ({ rope_parameters: ropes, ...c }) => {
    const sizes = { headDim: c.head_dim, context: c.max_position_embeddings };
    const whole = ropes ? { rope_parameters: ropes.full_attention } : c;
    const near = ropes ? { rope_parameters: ropes.sliding_attention } : { rope_theta: c.rope_local_base_freq };
    const every = c._sliding_window_pattern ?? c.sliding_window_pattern;
    const local = (layer: number) =>
      c.layer_types ? c.layer_types[layer] === "sliding_attention" : (layer + 1) % every !== 0;
    return gemmaLike(
      "gemma3",
      { ...c, hidden_act: c.hidden_activation },
      (layer) => ({
        norms: ["before", "output"],
        headNorms: "head",
        rope: Number(local(layer)),
        mixer: attention({
          scale: c.query_pre_attn_scalar ** -0.5,
          cap: c.attn_logit_softcapping,
          window: local(layer) ? (c.sliding_window ?? 4096) : null,
        }),
      }),
      {
        ropes: [ropeOf(whole, sizes), ropeOf(near, sizes)],
        head: { scale: 1, bias: false, ...(c.final_logit_softcapping && { cap: c.final_logit_softcapping }) },
      },
    );
  }),
  tensors: llamaTensors(sandwiched),
  gguf: {
    architecture: "gemma3",
    config: { ...cappedGguf, rope_local_base_freq: "rope.freq_base_swa" },
    implied: (_has, config) => ({
      query_pre_attn_scalar: queryScalar(config, 62),
      // Without a window every layer is of the kind that reads everything.
      ...(!config.sliding_window && { sliding_window_pattern: 1 }),
    }),
    tensors: ggufTensors({}, { wholeNorms: true }),
  },
};

export default family;
