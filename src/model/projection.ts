/** Linear maps of a block, so that adapters and other precisions compose around the same forward code. */

import { SubquadError } from "../errors.ts";
import { type Block, type LayerRole, layerShapes } from "../families/index.ts";
import {
  add,
  input,
  matmul,
  type QuantizedMatrix,
  quantizedMatmul,
  type Shape,
  type Value,
  withGradient,
} from "../graph/index.ts";

/** The projections of a block, in the order it uses them. */
export const projectionRoles = [
  ...(["queries", "keys", "values", "outputGate", "output"] as const),
  ...(["gate", "up", "down", "mlpOutputGate"] as const),
] as const;

/** A projection of a block. */
export type ProjectionRole = (typeof projectionRoles)[number];

/** x `[…, in]` to `[…, out]` by the weights of a role. */
export type Projection = (x: Value, role: ProjectionRole) => Value;

/** Weights of one block as graph values. */
export type LayerValues = Readonly<Partial<Record<LayerRole, Value>>>;

/** The value of a role. Throws a SubquadError for a weight the block does not have. */
export function weightOf<Role extends string>(weights: Readonly<Partial<Record<Role, Value>>>, role: Role): Value {
  const value = weights[role];
  if (value === undefined) throw new SubquadError(`this block has no weight "${role}"`);
  return value;
}

/** Inputs for weights of the given shapes, named by their roles behind `prefix`. */
export function weightInputs<Role extends string>(shapes: ReadonlyMap<Role, Shape>, prefix = ""): Record<Role, Value> {
  return Object.fromEntries([...shapes].map(([role, shape]) => [role, input(prefix + role, shape)])) as Record<
    Role,
    Value
  >;
}

function withBias(product: Value, weights: LayerValues, role: ProjectionRole): Value {
  const bias = weights[`${role}Bias`];
  return bias === undefined ? product : add(product, bias);
}

/** Plain dense projections: x Wᵀ + b, with W `[out, in]`. */
export function denseProjection(weights: LayerValues): Projection {
  return (x, role) => {
    return withBias(matmul(x, weightOf(weights, role), { transposeB: true }), weights, role);
  };
}

/** The two factors of a low-rank adapter: a `[rank, in]`, b `[out, rank]`. */
export interface AdapterValues {
  readonly a: Value;
  readonly b: Value;
}

/** Projections with low-rank adapters beside frozen ones: W x + scale · B A x (LoRA, arXiv 2106.09685). */
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

/** A weight `[out, in]` with an adapter folded in: W + scale · B A. */
export function foldedWeight(weight: Value, { a, b }: AdapterValues, scale: number): Value {
  return add(weight, matmul(b, a, { scale }));
}

/**
 * The same with the adapter folded into the float32 weight before the product: x (W + scale · B A)ᵀ. Its gradients never
 * form that of the whole matrix, which is frozen.
 */
export function foldedProjection(
  weights: LayerValues,
  adapters: Readonly<Partial<Record<ProjectionRole, AdapterValues>>>,
  scale: number,
): Projection {
  const dense = denseProjection(weights);
  return (x, role) => {
    const adapter = adapters[role];
    if (adapter === undefined) return dense(x, role);
    const { a, b } = adapter;
    const folded = foldedWeight(weightOf(weights, role), adapter, scale);
    const product = withGradient(matmul(x, folded, { transposeB: true }), [x, a, b], (upstream, g) => {
      const [rows, flat] = [upstream, x].map((value) => g.reshape(value, [-1, value.shape.at(-1) ?? 1]));
      if (rows === undefined || flat === undefined) return [];
      const forLow = g.matmul(rows, b, { scale });
      const low = g.matmul(flat, a, { transposeB: true, scale });
      return [
        g.matmul(upstream, folded),
        g.matmul(forLow, flat, { transposeA: true }),
        g.matmul(rows, low, { transposeA: true }),
      ];
    });
    return withBias(product, weights, role);
  };
}

/** How products with frozen weights are computed. */
export type FrozenProducts = "float32" | "int8";

/** A block's frozen projections: dense by its float32 weights, or by 8-bit inputs beside them. */
export function frozenProjection(block: Block, weights: LayerValues, products: FrozenProducts): Projection {
  if (products === "float32") return denseProjection(weights);
  const shapes = layerShapes(block);
  const matrices = projectionRoles.flatMap((role) => {
    const shape = shapes.get(role);
    return shape === undefined ? [] : [[role, shape] as const];
  });
  return quantizedProjection(quantizedInputs(new Map(matrices)), weights);
}

/** Inputs `NAME.integers` and `NAME.scales` of a matrix `[rows, columns]` in 8 bits. */
export function quantizedInput(name: string, rows: number, columns: number): { integers: Value; scales: Value } {
  return {
    integers: input(`${name}.integers`, [rows, columns], "int8"),
    scales: input(`${name}.scales`, [columns]),
  };
}

/** Inputs of the projections' weights in 8 bits, `ROLE` and for gradients `ROLE.transposed`, from their float32 shapes `[out, in]`. */
export function quantizedInputs(
  shapes: ReadonlyMap<ProjectionRole, Shape>,
): Partial<Record<ProjectionRole, QuantizedMatrix>> {
  const matrices: Partial<Record<ProjectionRole, QuantizedMatrix>> = {};
  for (const [role, [out = 0, width = 0]] of shapes) {
    matrices[role] = {
      ...quantizedInput(role, width, out),
      transposed: quantizedInput(`${role}.transposed`, out, width),
    };
  }
  return matrices;
}

/** Projections by frozen weights in 8 bits, with their biases in float32. */
export function quantizedProjection(
  matrices: Readonly<Partial<Record<ProjectionRole, QuantizedMatrix>>>,
  weights: LayerValues,
): Projection {
  return (x, role) => {
    const matrix = matrices[role];
    if (matrix === undefined) throw new SubquadError(`the weight "${role}" was not given in 8 bits`);
    return withBias(quantizedMatmul(x, matrix), weights, role);
  };
}
