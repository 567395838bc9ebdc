/** GPT-BigCode, as SantaCoder and StarCoder are: GPT-2 with one head of keys for all queries (arXiv 2301.03988, 2305.06161). */
import { z } from "zod";
import { attention } from "../attention.ts";
import { configSchema, ignored } from "../config.ts";
import type { Family } from "../family.ts";
import { ggufTensors } from "../gguf.ts";
import { gptEnds, gptHeads, gptLike, gptShape, learnedPositions } from "../gpt-like.ts";
import { layerNames } from "../names.ts";

const shape = {
  ...gptShape,
  scale_attn_weights: z.boolean().default(true),
  multi_query: z.boolean().default(true),
  // Told by multi_query as well, and how it is computed.
  ...ignored(
    "num_key_value_heads attention_softmax_in_fp32 scale_attention_softmax_in_fp32 inference_runner max_batch_size",
    "max_sequence_length pad_key_length pre_allocate_kv_cache validate_runner_input",
  ),
};

const qkv = "attn.c_attn";

/** The family's description. */
const family: Family = {
  name: "gpt_bigcode",
  modelTypes: ["gpt_bigcode"],
  config: configSchema(shape, (c) => {
    const heads = gptHeads(c, c.multi_query ? 1 : c.n_head);
    const mixer = attention({ rotary: false, scale: c.scale_attn_weights ? undefined : 1 });
    return gptLike("gpt_bigcode", c, heads, () => ({ mixer }), learnedPositions(c, heads.headDim));
  }),
  tensors: {
    model: gptEnds,
    layer: layerNames("transformer.h.{layer}.", {
      ...{ attentionNorm: "ln_1", queries: qkv, keys: qkv, values: qkv, output: "attn.c_proj" },
      ...{ mlpNorm: "ln_2", up: "mlp.c_fc", down: "mlp.c_proj" },
    }),
    // One group: queries, keys and values one below the other; as many as heads: in turns.
    turns: { queries: "groups", queriesBias: "groups" },
    redundant: [/\.attn\.(bias|masked_bias)$/],
  },
  gguf: {
    architecture: "starcoder",
    config: {
      ...{ n_embd: "embedding_length", n_inner: "feed_forward_length", n_layer: "block_count" },
      ...{ n_head: "attention.head_count", n_positions: "context_length" },
      ...{ layer_norm_epsilon: "attention.layer_norm_epsilon", num_key_value_heads: "attention.head_count_kv" },
    },
    implied: (_has, config) => ({ multi_query: config.num_key_value_heads === 1 }),
    tensors: ggufTensors(),
  },
};

export default family;
