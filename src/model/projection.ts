/** Linear maps of a block, so that adapters and other precisions compose around the same forward code. */

import { SubquadError } from "../errors.ts";
import type { LayerRole } from "../families/index.ts";
import { add, input, matmul, type Shape, type Value } from "../graph/index.ts";

/** The projections of a block. */
export type ProjectionRole = "queries" | "keys" | "values" | "output" | "gate" | "up" | "down";

/** x `[…, in]` to `[…, out]` by the weights of a role. */
export type Projection = (x: Value, role: ProjectionRole) => Value;

/** Weights of one block as graph values. */
export type LayerValues = Readonly<Partial<Record<LayerRole, Value>>>;

/** The value of a role. Throws a SubquadError for a weight the architecture does not have. */
export function weightOf(weights: LayerValues, role: LayerRole): Value {
  const value = weights[role];
  if (value === undefined) throw new SubquadError(`this architecture has no weight "${role}"`);
  return value;
}

/** Inputs for weights of the given shapes, named by their roles behind `prefix`. */
export function weightInputs<Role extends string>(shapes: ReadonlyMap<Role, Shape>, prefix = ""): Record<Role, Value> {
  return Object.fromEntries([...shapes].map(([role, shape]) => [role, input(prefix + role, shape)])) as Record<
    Role,
    Value
  >;
}

/** Plain dense projections: x Wᵀ + b, with W `[out, in]`. */
export function denseProjection(weights: LayerValues): Projection {
  return (x, role) => {
    const product = matmul(x, weightOf(weights, role), { transposeB: true });
    const bias = weights[`${role}Bias`];
    return bias === undefined ? product : add(product, bias);
  };
}

/** The two factors of a low-rank adapter: a `[rank, in]`, b `[out, rank]`. */
export interface AdapterValues {
  readonly a: Value;
  readonly b: Value;
}

/** Projections with low-rank adapters added: W x + scale · B A x (LoRA, arXiv 2106.09685). */
export function adaptedProjection(
  base: Projection,
  adapters: Readonly<Partial<Record<ProjectionRole, AdapterValues>>>,
  scale: number,
): Projection {
  return (x, role) => {
    const adapter = adapters[role];
    if (adapter === undefined) return base(x, role);
    const low = matmul(x, adapter.a, { transposeB: true });
    return add(base(x, role), matmul(low, adapter.b, { transposeB: true, scale }));
  };
}
