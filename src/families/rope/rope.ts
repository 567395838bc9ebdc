/** Rotary frequencies: how fast each pair of dimensions turns, and how each published scaling changes it. */
import { dynamicRope } from "./dynamic.ts";
import { linearRope } from "./linear.ts";
import { llama3Rope } from "./llama3.ts";
import { longRope } from "./longrope.ts";
import { plainRope } from "./plain.ts";
import type { RopeBase, RopeFrequencies, RopeScaling } from "./scaling.ts";
import { yarnRope } from "./yarn.ts";

/** Rotary settings of a model. */
export interface RopeSpec {
  readonly theta: number;
  /** Of the pairs that turn, the first ones of a head. */
  readonly frequencies: RopeFrequencies;
  /** Pairs of a head. */
  readonly pairs: number;
}

/** A scaling with its settings type sealed inside. */
interface SealedScaling {
  readonly type: string;
  frequencies(base: RopeBase, settings: unknown): RopeFrequencies;
}

function seal<Settings>(scaling: RopeScaling<Settings>): SealedScaling {
  const { type, settings: schema } = scaling;
  return { type, frequencies: (base, settings) => scaling.frequencies(base, schema.parse(settings)) };
}

const scalings = new Map(
  [seal(plainRope), seal(linearRope), seal(dynamicRope), seal(llama3Rope), seal(yarnRope), seal(longRope)].map(
    (scaling) => [scaling.type, scaling],
  ),
);

/** What configurations called scalings before. */
const olderTypes: Readonly<Record<string, string>> = { su: "longrope" };

/** Names of the scalings that are known. */
export const ropeTypes: readonly string[] = [...scalings.keys()];

/**
 * The spec of the scaling `type` with its settings, for heads of `headDim` (default: all of it turns). Throws a ZodError for
 * bad settings, an Error for an unknown type.
 */
export function ropeSpec(type: string, base: RopeBase, settings: unknown, headDim = base.dim): RopeSpec {
  const scaling = scalings.get(olderTypes[type] ?? type);
  if (scaling === undefined) throw new Error(`rope_type "${type}" is not supported (known: ${ropeTypes.join(", ")})`);
  return { theta: base.theta, frequencies: scaling.frequencies(base, settings), pairs: headDim / 2 };
}

/** No positions: nothing turns. */
export const stillRope = (headDim: number): RopeSpec => ({
  theta: 1,
  frequencies: { inverse: new Float64Array(), factor: 1 },
  pairs: headDim / 2,
});

/**
 * Tables of cosines and sines `[positions, dim/2]` for consecutive positions of a sequence of `length` tokens, computed in
 * float64.
 */
export function ropeTables(
  { frequencies, pairs: half }: RopeSpec,
  start: number,
  count: number,
  length = start + count,
): { cos: Float32Array; sin: Float32Array } {
  const { factor, at } = frequencies;
  const inverse = at?.(length) ?? frequencies.inverse;
  // Pairs that do not turn stay as they are, whatever the factor.
  const cos = new Float32Array(count * half).fill(1);
  const sin = new Float32Array(count * half);
  for (let row = 0; row < count; row++) {
    for (let pair = 0; pair < inverse.length; pair++) {
      const angle = (start + row) * (inverse[pair] ?? 0);
      cos[row * half + pair] = factor * Math.cos(angle);
      sin[row * half + pair] = factor * Math.sin(angle);
    }
  }
  return { cos, sin };
}
