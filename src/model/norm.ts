/** Norms as an architecture describes them. */
import type { NormSpec } from "../families/index.ts";
import { add, layerNorm, rmsNorm, type Value } from "../graph/index.ts";

const kinds = { rms: rmsNorm, layer: layerNorm } as const;

/** x normalized along its last axis, by a scale and, where the norm has one, a bias as wide. */
export function normalized(x: Value, scale: Value, bias: Value | undefined, norm: NormSpec): Value {
  const { kind, epsilon, offset } = norm;
  const normal = kinds[kind](x, offset === 0 ? scale : add(scale, offset), epsilon);
  return bias === undefined ? normal : add(normal, bias);
}
