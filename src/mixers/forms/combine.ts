/** Window and state, weighed and normalized: the last step of every form. */
import { dimension, multiply, type Operand, split, type Value } from "../../graph/index.ts";
import type { MixerInputs } from "../contract.ts";
import type { Term } from "../normalize.ts";
import type { Mixer } from "../spec.ts";

function scaled(weight: Operand, factor: number | undefined): Operand {
  if (factor === undefined || factor === 1) return weight;
  return typeof weight === "number" ? weight * factor : multiply(weight, factor);
}

/** The state's reading `[batch, heads, length, dim (+ 1)]` as a term. */
export function linearTerm({ normalize }: Mixer, reading: Value): Term {
  if (!normalize.sumsWeights) return { numerator: reading };
  const [numerator, denominator] = split(reading, 3, [dimension(reading.shape, 3) - 1, 1]);
  return { numerator: numerator as Value, denominator: denominator as Value };
}

/** The mixer's output from its branches, with the weights of its mix and of the call's ablation. */
export function combine(mixer: Mixer, inputs: MixerInputs, window: Term | undefined, linear: Term | undefined): Value {
  const { window: windowWeight, linear: linearWeight } = mixer.mix?.weights(inputs.parameters) ?? {
    window: 1,
    linear: 1,
  };
  const { ablation } = inputs;
  return mixer.normalize.combine(
    window && { ...window, weight: scaled(windowWeight, ablation?.window) },
    linear && { ...linear, weight: scaled(linearWeight, ablation?.linear) },
  );
}
