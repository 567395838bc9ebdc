/** Mixtures of experts as configurations of Qwen's kin tell them, and how their tensors are called. */
import { z } from "zod";
import type { ActivationName, LayerRole, Mlp } from "./block.ts";
import { size } from "./config.ts";
import type { TensorNames } from "./family.ts";
import { llamaTensors } from "./llama-like.ts";

const count = z.number().int().nonnegative();
const unused = z.unknown().optional();

/** The keys, to be spread into a family's shape. */
export const expertsShape = {
  ...{ num_experts: count.default(0), num_experts_per_tok: count.default(0), moe_intermediate_size: size.nullish() },
  shared_expert_intermediate_size: count.nullish(),
  // As newer code writes num_experts.
  num_local_experts: count.nullish(),
  norm_topk_prob: z.boolean().default(false),
  decoder_sparse_step: size.default(1),
  mlp_only_layers: z.array(count).nullish(),
  // Of training.
  ...{ output_router_logits: unused, router_aux_loss_coef: unused },
};

/** A configuration with these keys. */
export type ExpertsConfig = z.output<z.ZodObject<typeof expertsShape>>;

/** The MLP of a layer: experts where the configuration has them, else one of the given width. */
export function expertsMlp(
  c: ExpertsConfig,
  { width, activation }: { readonly width: number; readonly activation: ActivationName },
): (layer: number) => Mlp {
  const dense: Mlp = { size: width, gated: true, activation };
  const count = c.num_local_experts ?? c.num_experts;
  const shared = c.shared_expert_intermediate_size ?? 0;
  const sparse: Mlp = {
    ...dense,
    size: c.moe_intermediate_size ?? width,
    experts: {
      ...{ count, chosen: c.num_experts_per_tok, normalized: c.norm_topk_prob },
      ...(shared > 0 && { shared: { size: shared, switched: true } }),
    },
  };
  const has = (layer: number) =>
    count > 0 && (layer + 1) % c.decoder_sparse_step === 0 && !(c.mlp_only_layers ?? []).includes(layer);
  return (layer) => (has(layer) ? sparse : dense);
}

/** The tensors of experts, named behind the MLP's `prefix`. */
export function expertsNames(prefix: string): Readonly<Partial<Record<LayerRole, string>>> {
  const own = `${prefix}experts.{expert}.`;
  const shared = `${prefix}shared_expert`;
  return {
    router: `${prefix}gate.weight`,
    ...{ expertGate: `${own}gate_proj.weight`, expertUp: `${own}up_proj.weight`, expertDown: `${own}down_proj.weight` },
    ...{ sharedGate: `${shared}.gate_proj.weight`, sharedUp: `${shared}.up_proj.weight` },
    ...{ sharedDown: `${shared}.down_proj.weight`, sharedSwitch: `${shared}_gate.weight` },
  };
}

const { layer, ...names } = llamaTensors();

/** Tensor names of checkpoints that are otherwise Llama's. */
export const expertsTensors = (): TensorNames => ({
  ...names,
  layer: { ...layer, ...expertsNames("model.layers.{layer}.mlp.") },
});

/** The keys of GGUF files. */
export const ggufExpertsConfig = { num_experts: "expert_count", num_experts_per_tok: "expert_used_count" } as const;
