/** What a decay leaves to write. */
import { add, exp, multiply, negate, tanh, type Value } from "../../graph/index.ts";

/** 1 − e^g of a log decay g, without losing the digits of a small one: −tanh(g / 2) (1 + e^g). */
export function complement(decay: Value): Value {
  return multiply(negate(tanh(multiply(decay, 0.5))), add(exp(decay), 1));
}
