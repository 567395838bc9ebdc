/** Mamba layers as families have them (arXiv 2312.00752): one head of all channels, whose keys are B and queries C. */
import { parseMixer } from "../mixers/index.ts";
import type { Block } from "./block.ts";
import type { LayerSpelling } from "./family.ts";

/** Sizes and choices of a layer. */
export interface MambaSizes {
  readonly channels: number;
  readonly stateSize: number;
  /** Numbers that the step sizes are made of. */
  readonly rank: number;
  /** Taps of the filters. */
  readonly taps: number;
  readonly filterBias: boolean;
  /** Epsilon of the norms of B, C and the step sizes' numbers (Jamba, arXiv 2403.19887); without it there are none. */
  readonly normEpsilon?: number;
}

/** What a block with such a layer has in attention's place. */
export function mambaBlock({ channels, stateSize, rank, taps, filterBias, normEpsilon }: MambaSizes): Partial<Block> {
  const norm = normEpsilon === undefined ? {} : { norm: normEpsilon };
  return {
    kind: "mamba",
    ...{ heads: 1, groups: 1, headDim: stateSize, valueDim: channels },
    mixer: parseMixer({
      rope: "none",
      convolution: { kind: "depthwise", size: taps, bias: filterBias, on: ["values"] },
      derived: { kind: "values", size: stateSize, ...norm },
      state: {
        decay: { kind: "selective", source: "values", rank, ...norm },
        write: { kind: "add", values: "step" },
        skip: { kind: "direct", per: "value" },
      },
      outputGate: { kind: "projected" },
    }),
  };
}

/** The tensors of such a layer, named behind `prefix`, beside those of the rest of its block. */
export function mambaSpelling(prefix: string, others: LayerSpelling["layer"]): LayerSpelling {
  const [input, made] = [`${prefix}in_proj.weight`, `${prefix}x_proj.weight`];
  return {
    layer: {
      ...others,
      ...{ values: input, "mixer.outputGate.weight": input, output: `${prefix}out_proj.weight` },
      ...{ "mixer.decay.down": made, "mixer.derived.keys": made, "mixer.derived.queries": made },
      ...{ "mixer.decay.up": `${prefix}dt_proj.weight`, "mixer.decay.stepBias": `${prefix}dt_proj.bias` },
      ...{ "mixer.decay.rate": `${prefix}A_log`, "mixer.skip": `${prefix}D` },
      "mixer.convolution.values": `${prefix}conv1d.weight`,
      "mixer.convolution.values.bias": `${prefix}conv1d.bias`,
      "mixer.decay.norm": `${prefix}dt_layernorm.weight`,
      "mixer.derived.keys.norm": `${prefix}b_layernorm.weight`,
      "mixer.derived.queries.norm": `${prefix}c_layernorm.weight`,
    },
    order: [
      ...(["values", "mixer.outputGate.weight"] as const),
      ...(["mixer.decay.down", "mixer.derived.keys", "mixer.derived.queries"] as const),
    ],
    lies: {
      ...{ "mixer.outputGate.weight": "transposed", "mixer.decay.down": "transposed", "mixer.decay.up": "transposed" },
      ...{
        "mixer.derived.keys": "transposed",
        "mixer.derived.queries": "transposed",
        "mixer.decay.rate": "transposed",
      },
      ...{ "mixer.convolution.values": "channels", "mixer.convolution.values.bias": "flat", "mixer.skip": "flat" },
    },
  };
}
