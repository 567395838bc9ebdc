/** What a stage's `train` names: parameters of mixers by axis, adapters, and weights by their place. */
import { SubquadError } from "../errors.ts";
import {
  type Architecture,
  type Block,
  blockOf,
  type LayerRole,
  layerShapes,
  layerSizes,
  type ModelRole,
  modelShapes,
  normWeights,
} from "../families/index.ts";
import { isReplaced, type Shaped } from "../inference/model.ts";
import { type LearningAxis, learningAxes, parameterAxes } from "../mixers/index.ts";
import type { ProjectionRole } from "../model/projection.ts";
import type { AdapterPlan } from "../model/student-block.ts";
import { hint, type Stage, weightGroups } from "../recipes/index.ts";

/** The roles that a recipe's short names stand for. */
const adapterTargets: Readonly<Record<"q" | "k" | "v" | "o", ProjectionRole>> = {
  q: "queries",
  k: "keys",
  v: "values",
  o: "output",
};

/** The adapters a stage trains, if any. */
export function adapterPlan({ train: { lora } }: Pick<Stage, "train">): AdapterPlan | null {
  if (lora === null) return null;
  return { rank: lora.rank, scale: lora.alpha / lora.rank, targets: lora.targets.map((name) => adapterTargets[name]) };
}

type WeightGroup = (typeof weightGroups)[number];

/** The weights of each group, without biases. */
const groupRoles: Readonly<Record<WeightGroup, readonly (ProjectionRole | LayerRole | ModelRole)[]>> = {
  queries: ["queries"],
  keys: ["keys"],
  values: ["values"],
  output: ["output"],
  mlp: ["gate", "up", "down", "mlpOutputGate"],
  norms: [...normWeights, "embeddingNorm", "finalNorm", "transformNorm"],
  embedding: ["embedding", "positions", "segments"],
  head: ["head", "transform"],
};

function namedRoles({ train: { weights } }: Pick<Stage, "train">): ReadonlySet<string> {
  const groups = weights === "all" ? weightGroups : weights;
  const roles = groups.flatMap((group) => groupRoles[group]);
  return new Set([...roles, ...roles.map((role) => `${role}Bias`)]);
}

/** The weights of a block that a stage trains. */
export function rolesOf(stage: Pick<Stage, "train">, block: Block): LayerRole[] {
  const named = namedRoles(stage);
  return [...layerShapes(block).keys()].filter((role) => named.has(role));
}

/** The weights at the model's ends that a stage trains; a tied head is the embedding. */
export function endsOf(stage: Pick<Stage, "train">, architecture: Architecture): ModelRole[] {
  const named = namedRoles(stage);
  const wanted = (role: ModelRole) =>
    named.has(role) || (role === "embedding" && architecture.tiedHead && named.has("head"));
  return [...modelShapes(architecture).keys()].filter(wanted);
}

/** The names of the mixer's parameters that a stage trains, by layer. Throws a SubquadError for an unknown axis, or where none is there. */
export function learningParameters(
  { name: stage, train: { mixer } }: Pick<Stage, "name" | "train">,
  model: Shaped,
): ReadonlySet<string>[] {
  // A layer's own mixer stays as it is.
  const axes = model.mixers.map(({ spec }, layer) =>
    isReplaced(model, layer) ? parameterAxes(spec, layerSizes(blockOf(model.architecture, layer))) : {},
  );
  if (mixer !== "all") for (const axis of mixer) requireAxis(stage, axis, axes);
  const wanted = (axis: LearningAxis) => mixer === "all" || mixer.includes(axis);
  return axes.map(
    (byName) => new Set(Object.entries(byName).flatMap(([parameter, axis]) => (wanted(axis) ? [parameter] : []))),
  );
}

function requireAxis(stage: string, axis: string, layers: readonly Readonly<Record<string, LearningAxis>>[]): void {
  const found = new Set(layers.flatMap((byName) => Object.values(byName)));
  if ([...found].some((known) => known === axis)) return;
  const where = `stages.${stage}.train.mixer`;
  const known = (learningAxes as readonly string[]).includes(axis);
  const has = found.size === 0 ? "has none" : `has ${[...found].join(", ")}`;
  throw new SubquadError(
    known
      ? `${where}: this mixer has no parameters of ${axis}; it ${has}`
      : `${where}: there is no axis ${axis}${hint(axis, learningAxes)}; this mixer ${has}`,
  );
}
