/** A block as two programs, forward and backward, for training through the whole depth of a model. */
import { type Architecture, type LayerRole, layerShapes } from "../families/index.ts";
import { gradient, input, named, type Program, program, type Shape, separate, type Value } from "../graph/index.ts";
import { chunked, type MixerSpec } from "../mixers/index.ts";
import { attentionInputs, blockOutput } from "./block.ts";
import { blockInputs, mixerInputs } from "./mixer-block.ts";
import {
  type AdapterValues,
  adaptedProjection,
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
export interface TrainingBlockPlan {
  readonly mixer: MixerSpec;
  readonly adapters?: AdapterPlan;
  /** Input names that learn: weights by role, `mixer.NAME`, `adapter.ROLE.a` and `adapter.ROLE.b`. */
  readonly trained: readonly string[];
  /** `saved` keeps the costly values of the forward pass for the backward pass; `recomputed` keeps the block's input alone. */
  readonly activations: "saved" | "recomputed";
  /** Products with frozen weights (default: float32); weights that learn are always float32. */
  readonly products?: FrozenProducts;
}

/** A block's two programs. */
export interface TrainingBlock {
  /** `x`, `cos`, `sin`, weights, adapters, mixer parameters → `y` and the saved values. */
  readonly forward: Program;
  /** The same inputs, `yGradient` and the saved values → `xGradient` and `gradient.NAME` of each trained input. */
  readonly backward: Program;
  /** Names of the values the forward program saves. */
  readonly saved: readonly string[];
}

/** Shapes of the adapters' factors by input name. */
export function adapterShapes(architecture: Architecture, { rank, targets }: AdapterPlan): Map<string, Shape> {
  const shapes = layerShapes(architecture);
  const result = new Map<string, Shape>();
  for (const role of targets) {
    const [out = 0, width = 0] = shapes.get(role) ?? [];
    result.set(`adapter.${role}.a`, [rank, width]).set(`adapter.${role}.b`, [out, rank]);
  }
  return result;
}

/** Builds a block's forward and backward programs. */
export function trainingBlock(
  architecture: Architecture,
  plan: TrainingBlockPlan,
  batch: number,
  length: number,
): TrainingBlock {
  const { x, angles } = blockInputs(architecture, batch, length);
  const weights = weightInputs<LayerRole>(layerShapes(architecture));
  const parameters = mixerInputs(plan.mixer, architecture);
  const adapters = weightInputs(plan.adapters ? adapterShapes(architecture, plan.adapters) : new Map<string, Shape>());
  const project = projection(architecture, weights, plan, adapters);
  const pieces = attentionInputs(x, weights, project, angles, architecture, plan.mixer.rope);
  const mixed = chunked(plan.mixer, { ...pieces, parameters }).output;
  const y = named(blockOutput(x, mixed, weights, project, architecture), "y");
  const learnable: Record<string, Value> = { ...weights, ...adapters };
  for (const [name, value] of Object.entries(parameters)) learnable[`mixer.${name}`] = value;
  const variables = plan.trained.map((name) => {
    const value = learnable[name];
    if (value === undefined) throw new RangeError(`the block has no input "${name}" to train`);
    return value;
  });
  const gradients = gradient([{ value: y, gradient: input("yGradient", y.shape) }], [x, ...variables]);
  const backward: Record<string, Value> = {};
  ["xGradient", ...plan.trained.map((name) => `gradient.${name}`)].forEach((name, index) => {
    const value = gradients[index];
    if (value !== undefined) backward[name] = value;
  });
  const keep = plan.activations === "saved" ? undefined : () => false;
  const halves = separate({ y }, backward, keep);
  return {
    forward: program({ ...halves.forward, ...halves.saved }),
    backward: program(halves.backward),
    saved: Object.keys(halves.saved),
  };
}

function projection(
  architecture: Architecture,
  weights: LayerValues,
  { adapters: plan, products = "float32", trained }: TrainingBlockPlan,
  adapters: Readonly<Record<string, Value>>,
): Projection {
  const base = frozenProjection(architecture, weights, products);
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
