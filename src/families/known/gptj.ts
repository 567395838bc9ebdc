/** GPT-J: rotary pairs side by side, attention and MLP behind one norm, a head with a bias (EleutherAI, 2021). */
import { z } from "zod";
import { configSchema, ignored } from "../config.ts";
import type { Family } from "../family.ts";
import { gptEnds, gptjLike, rotaryShape } from "../gpt-like.ts";
import { layerNames } from "../names.ts";

const shape = {
  ...rotaryShape,
  // Said of the published model.
  ...{ rotary: z.literal(true).optional(), scale_attn_weights: z.literal(true).optional() },
  ...ignored("gradient_checkpointing tokenizer_class"),
};

/** The family's description. */
const family: Family = {
  name: "gptj",
  modelTypes: ["gptj"],
  config: configSchema(shape, (c) => gptjLike("gptj", c)),
  tensors: {
    model: gptEnds,
    layer: layerNames("transformer.h.{layer}.", {
      ...{ attentionNorm: "ln_1", queries: "attn.q_proj", keys: "attn.k_proj", values: "attn.v_proj" },
      ...{ output: "attn.out_proj", up: "mlp.fc_in", down: "mlp.fc_out" },
    }),
    rotary: "adjacent",
    redundant: [/\.attn\.(bias|masked_bias)$/],
  },
};

export default family;
