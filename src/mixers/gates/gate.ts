/** Gates other than decays: numbers per token that say how strongly the state is written, erased or stepped. */
import { z } from "zod";
import { add, divide, multiply, sigmoid, softmax, softplus, sqrt, sum, type Value } from "../../graph/index.ts";
import type { MixerInputs, MixerSizes } from "../contract.ts";
import type { Parameters } from "../parameter.ts";
import { projection, projectionOptions } from "./projection.ts";

/** x / ‖x‖ over the last axis; ε is added to the squared norm, inside the root. */
export function unitNorm(x: Value, epsilon = 1e-6): Value {
  return divide(x, sqrt(add(sum(multiply(x, x), [-1]), epsilon)));
}

/** What makes a gate of projected numbers. */
const activations = {
  none: (x: Value) => x,
  sigmoid,
  softplus,
  softmax: (x: Value) => softmax(x),
  unit: (x: Value) => unitNorm(x),
} satisfies Readonly<Record<string, (x: Value) => Value>>;

/** The schema of a gate, by how it begins. */
export const gateSchema = z.strictObject({
  ...projectionOptions,
  activation: z.enum(["none", "sigmoid", "softplus", "softmax", "unit"]).default("sigmoid"),
  /** First value of the projection's bias (default: it has none). */
  bias: z.number().optional(),
  /** Factor of the activated numbers: 2 lets the delta rule reflect a direction (arXiv 2411.12537). */
  scale: z.number().default(1),
});

/** A gate's options. */
export type GateOptions = z.output<typeof gateSchema>;

/** A gate, declared. */
export interface Gate {
  parameters(sizes: MixerSizes, width: number): Parameters;
  streams(sizes: MixerSizes, width: number): Readonly<Record<string, readonly number[]>>;
  /** `[batch, heads, length, width]`; one batch and length where all tokens have the same. */
  read(inputs: MixerInputs, sizes: MixerSizes, width: number): Value;
}

/** The gate of the given name. A given gate is taken as it is. */
export function gate(name: string, { source, rank, activation, bias, scale }: GateOptions): Gate {
  const from = projection(name, { source, rank }, bias === undefined ? {} : { bias });
  return {
    parameters: from.parameters,
    streams: from.streams,
    read: (inputs, sizes, width) => {
      const numbers = from.read(inputs, sizes, width);
      return source === "given" ? numbers : multiply(activations[activation](numbers), scale);
    },
  };
}
