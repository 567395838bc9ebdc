/** Values whose gradient is not the one their expression implies. */
import { type Algebra, applyOne, inputOf, type Operation, type Value } from "../value.ts";

/** A gradient rule given by the caller: gradients of `inputs` from the gradient of the result; undefined means zero. */
export type GradientRule = (gradient: Value, algebra: Algebra) => readonly (Value | undefined)[];

interface RuleAttributes {
  readonly rule: GradientRule;
}

const ruledOperation: Operation<RuleAttributes> = {
  name: "withGradient",
  infer: (inputs) => [inputOf({ inputs }, 0)],
  gradient: ({ gradient, attributes }, algebra) => [undefined, ...attributes.rule(gradient, algebra)],
  emit: (emitter, node) => emitter.alias(node, emitter.inputs(node)[0] ?? ""),
  key: () => undefined,
  transparent: true,
};

/**
 * The value itself, differentiated by `rule` with respect to `inputs` instead of through its own expression:
 * for kernels with a cheaper or sounder backward pass than reverse mode finds.
 */
export function withGradient(value: Value, inputs: readonly Value[], rule: GradientRule): Value {
  return applyOne(ruledOperation, [value, ...inputs], { rule });
}

/** The value as a constant: no gradient passes. */
export function stopGradient(value: Value): Value {
  return applyOne(ruledOperation, [value], { rule: () => [] });
}
