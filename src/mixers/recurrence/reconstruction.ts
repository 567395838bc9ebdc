/** The loss of memories that learn at test time: a layer norm of what a key recalls, against the value without the key. */
import { add, divide, mean, multiply, sqrt, subtract, sum, type Value } from "../../graph/index.ts";

const epsilon = 1e-6;

interface Normal {
  /** (x − mean) / deviation. */
  readonly hat: Value;
  readonly deviation: Value;
}

function normal(x: Value): Normal {
  const centred = subtract(x, mean(x, [-1]));
  const deviation = sqrt(add(mean(multiply(centred, centred), [-1]), epsilon));
  return { hat: divide(centred, deviation), deviation };
}

/** How the loss is normed: a scale and a shift of each head, `[batch or 1, heads, 1, columns]`. */
export interface Norm {
  readonly scale: Value;
  readonly shift: Value;
}

/**
 * The gradient of ½ ‖norm(x) − target‖² for x, without the target's own part. `published` repeats Titans' reference
 * implementation, which divides one of three terms by the deviation where the derivative divides all of them.
 */
export function lossGradient(x: Value, target: Value, { scale, shift }: Norm, published: boolean): Value {
  const { hat, deviation } = normal(x);
  const columns = x.shape.at(-1) ?? 1;
  const error = multiply(subtract(add(multiply(hat, scale), shift), target), scale);
  const whole = multiply(deviation, columns);
  const along = multiply(hat, sum(multiply(error, hat), [-1]));
  const direct = multiply(error, columns);
  const total = sum(error, [-1]);
  if (!published) return divide(subtract(subtract(direct, total), along), whole);
  return subtract(subtract(direct, divide(total, whole)), divide(along, whole));
}

/** What is read, and its norm beside it. */
export function withNorm(x: Value, { scale, shift }: Norm): Value {
  return add(x, add(multiply(normal(x).hat, scale), shift));
}
