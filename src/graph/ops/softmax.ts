/** Softmax along the last axis. */
import { applyOne, inputOf, type Operation, requireDType, type Value } from "../value.ts";

function infer(inputs: readonly Value[]) {
  const x = inputOf({ inputs }, 0);
  requireDType(x, "float32");
  if (x.shape.length === 0) throw new Error("a scalar has no last axis");
  return [x];
}

const softmaxOperation: Operation = {
  name: "softmax",
  // As large as what it is made of, and all that its gradient reads.
  costly: () => true,
  infer,
  gradient: ({ outputs, gradient }, g) => {
    const y = inputOf({ inputs: outputs }, 0);
    const weighted = g.multiply(gradient, y);
    return [g.subtract(weighted, g.multiply(y, g.sum(weighted, [-1])))];
  },
  emit: (emitter, node) => emitter.node("Softmax", emitter.inputs(node), emitter.outputs(node), { axis: -1 }),
};

/** eˣ / Σ eˣ along the last axis. */
export function softmax(x: Value): Value {
  return applyOne(softmaxOperation, [x], {});
}

const logSoftmaxOperation: Operation = {
  name: "logSoftmax",
  infer,
  gradient: ({ inputs, gradient }, g) => [
    g.subtract(gradient, g.multiply(g.softmax(inputOf({ inputs }, 0)), g.sum(gradient, [-1]))),
  ],
  emit: (emitter, node) => emitter.node("LogSoftmax", emitter.inputs(node), emitter.outputs(node), { axis: -1 }),
};

/** x − log Σ eˣ along the last axis. */
export function logSoftmax(x: Value): Value {
  return applyOne(logSoftmaxOperation, [x], {});
}
