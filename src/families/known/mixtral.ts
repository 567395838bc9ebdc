/** Mixtral: Mistral with eight experts in every layer, of which a token goes through two (arXiv 2401.04088). */
import { z } from "zod";
import { attention } from "../attention.ts";
import { configSchema, ignored, size } from "../config.ts";
import type { Family } from "../family.ts";
import { llamaLike, llamaShape, llamaTensors } from "../llama-like.ts";

const shape = {
  ...llamaShape,
  max_position_embeddings: size.default(131_072),
  rms_norm_eps: z.number().positive().default(1e-5),
  rope_theta: z.number().positive().nullable().default(1e6),
  sliding_window: size.nullish(),
  ...{ num_local_experts: size.default(8), num_experts_per_tok: size.default(2) },
  // Of training.
  ...ignored("output_router_logits router_aux_loss_coef router_jitter_noise"),
};

const experts = "model.layers.{layer}.block_sparse_moe.";
const { layer, ...names } = llamaTensors();

/** The family's description. GGUF files call it llama. */
const family: Family = {
  name: "mixtral",
  modelTypes: ["mixtral"],
  config: configSchema(shape, (c) =>
    llamaLike("mixtral", c, {
      mixer: attention({ window: c.sliding_window }),
      mlp: {
        ...{ size: c.intermediate_size, gated: true, activation: c.hidden_act },
        experts: { count: c.num_local_experts, chosen: c.num_experts_per_tok, normalized: true },
      },
    }),
  ),
  tensors: {
    ...names,
    layer: {
      ...layer,
      router: `${experts}gate.weight`,
      ...{ expertGate: `${experts}experts.{expert}.w1.weight`, expertUp: `${experts}experts.{expert}.w3.weight` },
      expertDown: `${experts}experts.{expert}.w2.weight`,
    },
  },
};

export default family;
