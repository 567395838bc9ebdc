/** AdamW as programs: one update of a group of parameters, and the gradient's norm (arXiv 1711.05101). */
import {
  add,
  divide,
  input,
  multiply,
  type Program,
  program,
  reshape,
  type Shape,
  sqrt,
  subtract,
  sum,
  type Value,
} from "../graph/index.ts";

/** Constants of the optimizer. */
export interface AdamWSettings {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Decoupled weight decay of matrices; vectors (norms, biases, factors) are not decayed. */
  readonly weightDecay: number;
  /** Factors of the learning rate by the beginning of a parameter's name (default: 1 for all). */
  readonly rates?: Readonly<Record<string, number>>;
}

/** Shapes of a group's parameters by name. */
export type GroupShapes = ReadonlyMap<string, Shape>;

const number = (name: string) => input(name, []);

/**
 * Inputs `parameter.N`, `first.N`, `second.N`, `gradient.N` per parameter N, and the scalars `learningRate`, `clip` (factor of
 * the gradients), `correction1`, `correction2` (1 − βᵗ). Outputs `new.parameter.N`, `new.first.N`, `new.second.N`.
 */
export function adamwProgram(
  shapes: GroupShapes,
  { beta1, beta2, epsilon, weightDecay, rates = {} }: Omit<AdamWSettings, "learningRate">,
): Program {
  const [learningRate, clip] = [number("learningRate"), number("clip")];
  const [correction1, correction2] = [number("correction1"), number("correction2")];
  const outputs: Record<string, Value> = {};
  for (const [name, shape] of shapes) {
    const parameter = input(`parameter.${name}`, shape);
    const rate = multiply(learningRate, rateFactor(name, rates));
    const gradient = multiply(input(`gradient.${name}`, shape), clip);
    const first = add(multiply(input(`first.${name}`, shape), beta1), multiply(gradient, 1 - beta1));
    const square = multiply(multiply(gradient, gradient), 1 - beta2);
    const second = add(multiply(input(`second.${name}`, shape), beta2), square);
    const size = add(sqrt(divide(second, correction2)), epsilon);
    const step = divide(divide(first, correction1), size);
    const decay = shape.length > 1 ? weightDecay : 0;
    const kept = decay === 0 ? parameter : multiply(parameter, subtract(1, multiply(rate, decay)));
    outputs[`new.parameter.${name}`] = subtract(kept, multiply(rate, step));
    outputs[`new.first.${name}`] = first;
    outputs[`new.second.${name}`] = second;
  }
  return program(outputs);
}

function rateFactor(name: string, rates: Readonly<Record<string, number>>): number {
  return Object.entries(rates).find(([beginning]) => name.startsWith(beginning))?.[1] ?? 1;
}

/** `gradient.N` per parameter → `square`, the sum of all their squares. */
export function squareProgram(shapes: GroupShapes): Program<"square"> {
  const squares = [...shapes].map(([name, shape]) => {
    const gradient = input(`gradient.${name}`, shape);
    return reshape(sum(multiply(gradient, gradient)), []);
  });
  return program({ square: squares.reduce((total, square) => add(total, square)) });
}
