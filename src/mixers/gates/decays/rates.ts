/** Learned rates and step biases of decays. */
import { exp, reshape, type Value } from "../../../graph/index.ts";
import type { MixerInputs, MixerSizes } from "../../contract.ts";
import { learned, type Parameters } from "../../parameter.ts";
import { type GateWidths, type Granularity, widthOf } from "../decay.ts";

/** The rate exp(a) of each head, shaped for gates. */
export function ratesOf(parameters: MixerInputs["parameters"]): Value {
  return exp(reshape(learned(parameters, "decay.rate"), [1, -1, 1, 1]));
}

/** The rates' parameter. */
export const rate = ({ heads }: MixerSizes): Parameters => ({
  "decay.rate": { shape: [heads], initial: { kind: "constant", value: 0 } },
});

/** The bias of each head's step sizes. */
export function stepBias(parameters: MixerInputs["parameters"], heads: number): Value {
  return reshape(learned(parameters, "decay.stepBias"), [1, heads, 1, -1]);
}

/** The rates and the biases of step sizes, by granularity. */
export const stepBiases = (granularity: Granularity) => (sizes: MixerSizes, widths: GateWidths) => ({
  ...rate(sizes),
  "decay.stepBias": {
    shape: [sizes.heads * widthOf(granularity, widths)],
    initial: { kind: "constant", value: -4 } as const,
  },
});
