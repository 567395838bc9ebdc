/** Activations by their names in an architecture. */
import type { ActivationName } from "../families/index.ts";
import { gelu, geluTanh, multiply, relu, sigmoid, silu, type Value } from "../graph/index.ts";

/** Each activation, element by element. */
export const activations: Readonly<Record<ActivationName, (x: Value) => Value>> = {
  silu,
  gelu,
  geluTanh,
  relu,
  // x σ(1.702 x) (arXiv 1606.08415).
  quickGelu: (x) => multiply(x, sigmoid(multiply(x, 1.702))),
  // max(x, 0)² (arXiv 2109.08668).
  squaredRelu: (x) => multiply(relu(x), relu(x)),
};
