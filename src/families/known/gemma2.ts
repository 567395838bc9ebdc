/** Gemma 2: norms around both sublayers, capped scores and logits, a window on every other layer (arXiv 2408.00118). */
import { attention } from "../attention.ts";
import { configSchema } from "../config.ts";
import type { Family } from "../family.ts";
import { cappedGguf, queryScalar } from "../gemma-gguf.ts";
import { cappedShape, gemmaLike, sandwiched } from "../gemma-like.ts";
import { ggufTensors } from "../gguf.ts";
import { llamaTensors } from "../llama-like.ts";

const shape = {
  ...cappedShape,
  attn_logit_softcapping: cappedShape.attn_logit_softcapping.default(50),
  final_logit_softcapping: cappedShape.final_logit_softcapping.default(30),
};

/** The family's description. */
const family: Family = {
  name: "gemma2",
  modelTypes: ["gemma2"],
  config: configSchema(shape, (c) =>
    gemmaLike(
      "gemma2",
      { ...c, hidden_act: c.hidden_activation },
      (layer) => ({
        norms: ["before", "output"],
        mixer: attention({
          scale: c.query_pre_attn_scalar ** -0.5,
          cap: c.attn_logit_softcapping,
          window:
            c.layer_types?.[layer] === "sliding_attention" || (!c.layer_types && layer % 2 === 0)
              ? (c.sliding_window ?? 4096)
              : null,
        }),
      }),
      { head: { scale: 1, bias: false, ...(c.final_logit_softcapping && { cap: c.final_logit_softcapping }) } },
    ),
  ),
  tensors: llamaTensors(sandwiched),
  gguf: {
    architecture: "gemma2",
    config: cappedGguf,
    implied: (_has, config) => ({ query_pre_attn_scalar: queryScalar(config, 46) }),
    tensors: ggufTensors({}, { wholeNorms: true }),
  },
};

export default family;
