/** A student's block with everything that may learn in it as an input. */
import { type Block, type LayerRole, layerShapes } from "../families/index.ts";
import type { Shape, Value } from "../graph/index.ts";
import { chunked, type MixerInputs, type MixerSpec } from "../mixers/index.ts";
import { attentionInputs, attentionOutput, nextStream } from "./block.ts";
import { type Ablation, blockInputs, mixerInputs } from "./mixer-block.ts";
import {
  type AdapterValues,
  adaptedProjection,
  denseProjection,
  type FrozenProducts,
  foldedProjection,
  frozenProjection,
  type LayerValues,
  type Projection,
  type ProjectionRole,
  weightInputs,
} from "./projection.ts";

/** Low-rank adapters of a block. */
export interface AdapterPlan {
  readonly rank: number;
  /** Factor of the adapters' products, α / rank. */
  readonly scale: number;
  readonly targets: readonly ProjectionRole[];
}

/** What a block computes and which of its tensors learn. */
export interface StudentBlockPlan {
  readonly mixer: MixerSpec;
  readonly adapters?: AdapterPlan;
  /** Input names that learn: weights by role, `mixer.NAME`, `adapter.ROLE.a` and `adapter.ROLE.b`. */
  readonly trained: readonly string[];
  /** Products with frozen weights (default: float32); weights that learn are always float32. */
  readonly products?: FrozenProducts;
  /** What is left out of the mixer (default: nothing). */
  readonly ablation?: Omit<Ablation, "output">;
}

/** A block's values, from its input `x` on. */
export interface StudentBlock {
  /** The stream before the block, `[batch, length, hidden]`. */
  readonly x: Value;
  /** What the mixer reads. */
  readonly inputs: MixerInputs;
  /** The heads' outputs `[batch, heads, length, dim]`. */
  readonly heads: Value;
  /** What attention adds to the stream. */
  readonly attention: Value;
  /** The stream after the block. */
  readonly y: Value;
  /** The inputs that learn, in the plan's order. */
  readonly variables: readonly Value[];
}

/** Shapes of the adapters' factors by input name, for those of the targets that the block has. */
export function adapterShapes(block: Block, { rank, targets }: AdapterPlan): Map<string, Shape> {
  const shapes = layerShapes(block);
  const result = new Map<string, Shape>();
  for (const role of targets) {
    const [out, width] = shapes.get(role) ?? [];
    if (out === undefined || width === undefined) continue;
    result.set(`adapter.${role}.a`, [rank, width]).set(`adapter.${role}.b`, [out, rank]);
  }
  return result;
}

/** Inputs `x`, `cos`, `sin`, weights by role, `adapter.ROLE.a` and `.b`, `mixer.NAME` → the block's values. */
export function studentBlock(block: Block, plan: StudentBlockPlan, batch: number, length: number): StudentBlock {
  const { x, angles } = blockInputs(block, batch, length);
  const weights = weightInputs<LayerRole>(layerShapes(block));
  const parameters = mixerInputs(plan.mixer, block);
  const adapters = weightInputs(plan.adapters ? adapterShapes(block, plan.adapters) : new Map<string, Shape>());
  const call = { block, weights, project: projection(block, weights, plan, adapters), angles };
  const pieces = attentionInputs(x, call, plan.mixer.rope);
  const inputs: MixerInputs = { ...pieces.mixer, parameters, ...(plan.ablation && { ablation: plan.ablation }) };
  const heads = chunked(plan.mixer, inputs).output;
  const attention = attentionOutput(heads, pieces, call);
  const y = nextStream(x, attention, pieces, call).stream;
  const learnable: Record<string, Value> = { ...weights, ...adapters };
  for (const [name, value] of Object.entries(parameters)) learnable[`mixer.${name}`] = value;
  const variables = plan.trained.map((name) => {
    const value = learnable[name];
    if (value === undefined) throw new RangeError(`the block has no input "${name}" to train`);
    return value;
  });
  return { x, inputs, heads, attention, y, variables };
}

function projection(
  block: Block,
  weights: LayerValues,
  { adapters: plan, products = "float32", trained }: StudentBlockPlan,
  adapters: Readonly<Record<string, Value>>,
): Projection {
  const [dense, frozen] = [denseProjection(weights), frozenProjection(block, weights, products)];
  const base: Projection = (x, role) => (trained.includes(role) ? dense : frozen)(x, role);
  if (plan === undefined) return base;
  const byRole: Partial<Record<ProjectionRole, AdapterValues>> = {};
  for (const role of plan.targets) {
    const [a, b] = [adapters[`adapter.${role}.a`], adapters[`adapter.${role}.b`]];
    if (a !== undefined && b !== undefined) byRole[role] = { a, b };
  }
  // Folding takes the weight for frozen: where it learns too, or is in 8 bits, the adapter stays beside it.
  const folds = products === "float32" && plan.targets.every((role) => !trained.includes(role));
  return folds ? foldedProjection(weights, byRole, plan.scale) : adaptedProjection(base, byRole, plan.scale);
}
