/** Norms as an architecture describes them. */
import type { NormSpec } from "../families/index.ts";
import { add, layerNorm, multiply, rmsNorm, scalar, type Value } from "../graph/index.ts";
import { weightOf } from "./projection.ts";

const kinds = { rms: rmsNorm, layer: layerNorm } as const;

/**
 * x `[…, width]` normalized along its last axis, by the scale and the bias of a role where the norm has them: `[width]`, or
 * `[rows, width]` where rows have their own. Throws a SubquadError where the weights lack one.
 */
export function normalizedBy<Role extends string>(
  x: Value,
  role: Role,
  weights: Readonly<Partial<Record<Role | `${Role}Bias`, Value>>>,
  { kind, epsilon, offset, bias, scale = true }: NormSpec,
): Value {
  const stored = scale ? weightOf<string>(weights, role) : undefined;
  const whole = stored === undefined || offset === 0 ? stored : add(stored, offset);
  const shared = whole?.shape.length === 1;
  const normal = kinds[kind](x, shared ? whole : scalar(1, [x.shape.at(-1) ?? 1]), epsilon);
  const scaled = whole === undefined || shared ? normal : multiply(normal, whole);
  return bias ? add(scaled, weightOf<string>(weights, `${role}Bias`)) : scaled;
}
