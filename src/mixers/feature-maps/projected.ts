/** Feature maps that are a learned projection under an activation. */
import { z } from "zod";
import { add, exp, matmul, maximum, multiply, relu, reshape, transpose, type Value } from "../../graph/index.ts";
import { kind } from "../axis.ts";
import type { MixerSizes } from "../contract.ts";
import { unitNorm } from "../gates/gate.ts";
import { perHead } from "../gates/projection.ts";
import { repeatHeads } from "../heads.ts";
import { learned, type Parameters } from "../parameter.ts";
import { type FeatureMap, keyMap, queryMap } from "./feature-map.ts";

type Learned = Readonly<Record<string, Value>>;

const activations = { relu, exp, none: (x: Value) => x } as const;

/** max(x W + b, 0) and its kin: one matrix per head (T2R, arXiv 2103.13076), or one across all heads (SUPRA, arXiv 2405.06640). */
export const projected = kind(
  z.strictObject({
    kind: z.literal("projected"),
    activation: z.enum(["relu", "exp", "none"]).default("relu"),
    across: z.enum(["head", "heads"]).default("head"),
    /** Features of a head (default: its dimensions). */
    dim: z.number().int().positive().optional(),
    bias: z.boolean().default(true),
    /** One map for queries and keys. */
    tied: z.boolean().default(false),
    /** Project unit vectors, which bounds an exponential's variance (arXiv 2106.12566). */
    unit: z.boolean().default(false),
    floor: z.number().nonnegative().default(0),
  }),
  ({ activation, across, dim, bias, tied, unit, floor }): FeatureMap => {
    const columns = (sizes: MixerSizes) => dim ?? sizes.dim;
    const shapeOf = (sizes: MixerSizes) =>
      across === "head"
        ? [sizes.heads, sizes.dim, columns(sizes)]
        : [sizes.heads * sizes.dim, sizes.heads * columns(sizes)];
    const map = (name: string, sizes: MixerSizes): Parameters => ({
      [name]: { shape: shapeOf(sizes), initial: { kind: "identity" } },
      ...(bias && {
        [`${name}.bias`]: { shape: [sizes.heads * columns(sizes)], initial: { kind: "constant", value: 0 } },
      }),
    });
    const project = (vectors: Value, name: string, parameters: Learned): Value => {
      const x = unit ? unitNorm(vectors) : vectors;
      const [batch = 1, heads = 1, length = 1] = x.shape;
      const weight = learned(parameters, name);
      const flat = () => reshape(transpose(x, [0, 2, 1, 3]), [batch, length, -1]);
      const made = across === "head" ? matmul(x, weight) : perHead(matmul(flat(), weight), heads);
      const shifted = bias ? add(made, reshape(learned(parameters, `${name}.bias`), [1, heads, 1, -1])) : made;
      const features = activations[activation](shifted);
      return floor === 0 ? features : maximum(features, floor);
    };
    const ofKeys = tied ? queryMap : keyMap;
    return {
      features: columns,
      parameters: (sizes) => ({ ...map(queryMap, sizes), ...(!tied && map(keyMap, sizes)) }),
      queries: (x, parameters) => project(x, queryMap, parameters),
      keys: (x, parameters, heads) => project(repeatHeads(x, heads), ofKeys, parameters),
    };
  },
);

/** (x W₁) ⊙ (x W₂): no positivity, so no normalizer. */
export const hadamard = kind(
  z.strictObject({ kind: z.literal("hadamard"), dim: z.number().int().positive().optional() }),
  ({ dim }): FeatureMap => {
    const map = (x: Value, name: string, parameters: Learned) =>
      multiply(matmul(x, learned(parameters, `${name}.first`)), matmul(x, learned(parameters, `${name}.second`)));
    const shape = ({ heads, dim: own }: MixerSizes) => [heads, own, dim ?? own];
    return {
      features: (sizes) => dim ?? sizes.dim,
      parameters: (sizes) =>
        Object.fromEntries(
          [queryMap, keyMap].flatMap((name) =>
            ["first", "second"].map((part) => [
              `${name}.${part}`,
              { shape: shape(sizes), initial: { kind: "normal", deviation: 0.3 } },
            ]),
          ),
        ),
      queries: (x, parameters) => map(x, queryMap, parameters),
      keys: (x, parameters, heads) => map(repeatHeads(x, heads), keyMap, parameters),
    };
  },
);
