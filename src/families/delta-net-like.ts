/** Gated delta nets as families have them (arXiv 2412.06464). */
import { parseMixer } from "../mixers/index.ts";
import type { Block } from "./block.ts";
import type { LayerSpelling } from "./family.ts";

/** Sizes of a layer. */
export interface DeltaNetSizes {
  /** Heads of values. */
  readonly heads: number;
  /** Heads of queries and keys. */
  readonly keyHeads: number;
  readonly headDim: number;
  readonly valueDim: number;
  /** Taps of the filters. */
  readonly taps: number;
  readonly normEpsilon: number;
}

/** What a block with such a layer has in attention's place. */
export function deltaNetBlock({ taps, normEpsilon, heads, ...sizes }: DeltaNetSizes): Partial<Block> {
  return {
    kind: "delta",
    ...{ heads, groups: heads, ...sizes },
    mixer: parseMixer({
      rope: "none",
      convolution: { kind: "depthwise", size: taps },
      state: { featureMap: { kind: "unit" }, scale: "dim", decay: { kind: "step" }, write: { kind: "delta" } },
      outputNorm: { kind: "rms", epsilon: normEpsilon },
      outputGate: { kind: "projected" },
    }),
    headNorms: "none",
  };
}

const parts = ["queries", "keys", "values"] as const;

/** The tensors of such a layer, named behind `prefix`, beside those of the rest of its block. */
export function deltaNetSpelling(prefix: string, others: LayerSpelling["layer"]): LayerSpelling {
  const [tokens, gates] = [`${prefix}in_proj_qkvz.weight`, `${prefix}in_proj_ba.weight`];
  const filters = parts.map((part) => `mixer.convolution.${part}` as const);
  return {
    layer: {
      ...others,
      ...{ queries: tokens, keys: tokens, values: tokens, "mixer.outputGate.weight": tokens },
      ...{ "mixer.strength.weight": gates, "mixer.decay.weight": gates },
      ...Object.fromEntries(filters.map((role) => [role, `${prefix}conv1d.weight`])),
      ...{ "mixer.decay.stepBias": `${prefix}dt_bias`, "mixer.decay.rate": `${prefix}A_log` },
      ...{ "mixer.outputNorm.scale": `${prefix}norm.weight`, output: `${prefix}out_proj.weight` },
    },
    order: [...parts, "mixer.outputGate.weight", "mixer.strength.weight", "mixer.decay.weight", ...filters],
    turns: { queries: "groups", "mixer.strength.weight": "groups" },
    lies: {
      ...{ "mixer.outputGate.weight": "transposed", "mixer.strength.weight": "transposed" },
      "mixer.decay.weight": "transposed",
      ...Object.fromEntries(filters.map((role) => [role, "channels"])),
    },
  };
}
