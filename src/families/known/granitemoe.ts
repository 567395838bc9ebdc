/** Granite with mixtures of experts, whose matrices lie in one tensor for all (IBM, 2024). */
import { attention } from "../attention.ts";
import { configSchema, ignored, size } from "../config.ts";
import type { Family } from "../family.ts";
import { graniteEnds, graniteGguf, graniteShape } from "../granite-like.ts";
import { attentionBiases, llamaLike, llamaTensors } from "../llama-like.ts";

const shape = {
  ...graniteShape,
  ...{ num_local_experts: size.default(8), num_experts_per_tok: size.default(2) },
  // Of training.
  ...ignored("output_router_logits router_aux_loss_coef"),
};

const experts = "model.layers.{layer}.block_sparse_moe.";
const { layer, ...names } = llamaTensors();

/** The family's description. */
const family: Family = {
  name: "granitemoe",
  modelTypes: ["granitemoe"],
  config: configSchema(shape, (c) =>
    llamaLike(
      "granitemoe",
      c,
      {
        biases: attentionBiases(c.attention_bias),
        mixer: attention({ scale: c.attention_multiplier }),
        factors: { output: c.residual_multiplier, down: c.residual_multiplier },
        mlp: {
          ...{ size: c.intermediate_size, gated: true, activation: c.hidden_act },
          experts: { count: c.num_local_experts, chosen: c.num_experts_per_tok, normalized: true },
        },
      },
      graniteEnds(c),
    ),
  ),
  tensors: {
    ...names,
    layer: {
      ...layer,
      router: `${experts}router.layer.weight`,
      ...{ expertGate: `${experts}input_linear.weight`, expertUp: `${experts}input_linear.weight` },
      expertDown: `${experts}output_linear.weight`,
    },
    turns: { expertGate: "experts" },
  },
  gguf: {
    architecture: "granitemoe",
    ...graniteGguf,
    config: { ...graniteGguf.config, num_local_experts: "expert_count", num_experts_per_tok: "expert_used_count" },
    // The key of a bias that experts cannot have.
    implied: (has, config) => ({ ...graniteGguf.implied(has, config), mlp_bias: null }),
  },
};

export default family;
