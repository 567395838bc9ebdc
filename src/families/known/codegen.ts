/** CodeGen: GPT-J whose queries, values and keys lie in four blocks, as it was trained on four devices (arXiv 2203.13474). */
import { z } from "zod";
import { ConfigProblem, configSchema, ignored } from "../config.ts";
import type { Family } from "../family.ts";
import { gptEnds, gptjLike, rotaryShape } from "../gpt-like.ts";
import { layerNames } from "../names.ts";

const shape = { ...rotaryShape, scale_attn_weights: z.literal(true).optional(), ...ignored("tokenizer_class") };

const qkv = "attn.qkv_proj";

/** Blocks of the fused projection. */
const blocks = 4;

/** The family's description. */
const family: Family = {
  name: "codegen",
  modelTypes: ["codegen"],
  config: configSchema(shape, (c) => {
    if (c.n_head % blocks !== 0) throw new ConfigProblem(`${c.n_head} n_head do not make ${blocks} blocks`);
    return gptjLike("codegen", c);
  }),
  tensors: {
    model: gptEnds,
    layer: layerNames("transformer.h.{layer}.", {
      ...{ attentionNorm: "ln_1", queries: qkv, keys: qkv, values: qkv, output: "attn.out_proj" },
      ...{ up: "mlp.fc_in", down: "mlp.fc_out" },
    }),
    order: ["queries", "values", "keys"],
    turns: { queries: blocks },
    rotary: "adjacent",
    redundant: [/\.attn\.causal_mask$/],
  },
};

export default family;
