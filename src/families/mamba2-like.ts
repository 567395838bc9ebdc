/** Mamba-2 layers as families have them (arXiv 2405.21060): values are x, keys B, queries C. */
import { parseMixer } from "../mixers/index.ts";
import type { Beside, Block } from "./block.ts";
import type { LayerSpelling } from "./family.ts";

/** Sizes and choices of a layer. */
export interface Mamba2Sizes {
  readonly heads: number;
  /** Heads of keys and queries. */
  readonly groups: number;
  readonly headDim: number;
  readonly stateSize: number;
  /** Taps of the filters. */
  readonly taps: number;
  readonly filterBias: boolean;
  /** The norm of all heads' outputs, in so many parts, of gated ones or before the gate; without one they are only gated. */
  readonly norm?: { readonly epsilon: number; readonly parts: number; readonly beforeGate?: boolean };
  /** Factors of the products that gate, values, keys, queries and step sizes are made of. */
  readonly factors?: Readonly<Record<"gate" | "values" | "keys" | "queries" | "steps", number>>;
}

/** Such a layer, by itself. */
export function mamba2Layer(sizes: Mamba2Sizes): Beside {
  const { heads, groups, headDim, stateSize, taps, filterBias, norm, factors } = sizes;
  const { gate, steps, ...ofTokens } = factors ?? {};
  const { beforeGate = false, ...ofNorm } = norm ?? {};
  const by = (factor: number | undefined) => (factor === undefined ? {} : { factor });
  return {
    ...{ heads, groups: heads, keyHeads: groups, headDim: stateSize, valueDim: headDim },
    mixer: parseMixer({
      rope: "none",
      convolution: { kind: "depthwise", size: taps, bias: filterBias },
      state: {
        decay: { kind: "step", ...by(steps) },
        write: { kind: "add", values: "step" },
        skip: { kind: "direct" },
      },
      ...(norm && { outputNorm: { kind: "rms", over: "heads", ...ofNorm } }),
      outputGate: { kind: "projected", order: beforeGate ? "after-norm" : "before-norm", ...by(gate) },
    }),
    factors: ofTokens,
  };
}

/** What a block with such a layer has in attention's place. */
export const mamba2Block = (sizes: Mamba2Sizes): Partial<Block> => ({ kind: "mamba", ...mamba2Layer(sizes) });

const parts = ["values", "keys", "queries"] as const;

/** The tensors of such a layer, named behind `prefix`, beside those of the rest of its block. */
export function mamba2Spelling(prefix: string, others: LayerSpelling["layer"]): LayerSpelling {
  const [input, filters] = [`${prefix}in_proj.weight`, `${prefix}conv1d`];
  const each = <T>(make: (part: (typeof parts)[number]) => Record<string, T>) => Object.assign({}, ...parts.map(make));
  return {
    layer: {
      ...others,
      ...{ "mixer.outputGate.weight": input, values: input, keys: input, queries: input, "mixer.decay.weight": input },
      ...each((part) => ({
        [`mixer.convolution.${part}`]: `${filters}.weight`,
        [`mixer.convolution.${part}.bias`]: `${filters}.bias`,
      })),
      ...{ "mixer.decay.stepBias": `${prefix}dt_bias`, "mixer.decay.rate": `${prefix}A_log` },
      ...{ "mixer.skip": `${prefix}D`, "mixer.outputNorm.scale": `${prefix}norm.weight` },
      output: `${prefix}out_proj.weight`,
    },
    order: [
      ...(["mixer.outputGate.weight", ...parts, "mixer.decay.weight"] as const),
      ...parts.map((part) => `mixer.convolution.${part}` as const),
      ...parts.map((part) => `mixer.convolution.${part}.bias` as const),
    ],
    lies: {
      ...{ "mixer.outputGate.weight": "transposed", "mixer.decay.weight": "transposed" },
      ...each((part) => ({
        [`mixer.convolution.${part}`]: "channels",
        [`mixer.convolution.${part}.bias`]: "flat",
      })),
    },
  };
}
