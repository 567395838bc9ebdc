/** Reverse-mode differentiation, from graph to graph. */
import * as algebra from "./ops/index.ts";
import { formatShape, sameShape } from "./type.ts";
import { describe, GraphError, type Node, outputOf, type Value } from "./value.ts";
import { topologicalOrder } from "./walk.ts";

/** A value to differentiate, with the gradient that flows into it (default: ones, for scalars). */
export interface Seed {
  readonly value: Value;
  readonly gradient: Value;
}

/**
 * Gradients of a scalar loss (one element), or of several seeded values summed, with respect to each of `wrt`.
 * Each result is an expression of its variable's shape; a variable the loss does not depend on gets zeros.
 * Throws a GraphError naming the first expression on the way that has no derivative.
 */
export function gradient(loss: Value | readonly Seed[], wrt: readonly Value[]): Value[] {
  const seeds = Array.isArray(loss) ? (loss as readonly Seed[]) : [seedOf(loss as Value)];
  const order = topologicalOrder(seeds.map((seed) => seed.value));
  const needed = dependents(order, wrt);
  const collected = new Map<Node, (Value | undefined)[]>();
  const contribute = (value: Value, part: Value) => {
    if (!sameShape(value.shape, part.shape)) {
      throw new GraphError(
        `${describe(value)}: a gradient of ${formatShape(part.shape)} was given for ${formatShape(value.shape)}`,
      );
    }
    const parts = collected.get(value.node) ?? [];
    const known = parts[value.index];
    parts[value.index] = known === undefined ? part : algebra.add(known, part);
    collected.set(value.node, parts);
  };
  for (const seed of seeds) contribute(seed.value, seed.gradient);
  for (const node of order.toReversed()) {
    const gradients = collected.get(node);
    if (gradients === undefined || !node.inputs.some((value) => needed.has(value.node))) continue;
    const parts = differentiate(node, gradients, (value) => needed.has(value.node));
    node.inputs.forEach((value, index) => {
      const part = parts[index];
      if (part !== undefined && needed.has(value.node)) contribute(value, part);
    });
  }
  return wrt.map((value) => collected.get(value.node)?.[value.index] ?? algebra.scalar(0, value.shape));
}

function seedOf(loss: Value): Seed {
  if (loss.shape.some((size) => size !== 1)) {
    throw new GraphError(
      `${describe(loss)}: only a loss of one element can be differentiated, not ${formatShape(loss.shape)}`,
    );
  }
  return { value: loss, gradient: algebra.scalar(1, loss.shape) };
}

/** The nodes whose value depends on any of the variables. */
function dependents(order: readonly Node[], wrt: readonly Value[]): Set<Node> {
  const needed = new Set(wrt.map((value) => value.node));
  for (const node of order) {
    if (node.inputs.some((value) => needed.has(value.node))) needed.add(node);
  }
  return needed;
}

function differentiate(
  node: Node,
  gradients: readonly (Value | undefined)[],
  isNeeded: (value: Value) => boolean,
): readonly (Value | undefined)[] {
  const { operation, inputs, outputs, attributes } = node;
  const first = outputOf(node, 0);
  if (operation.gradient === undefined) throw new GraphError(`${describe(first)}: this operation has no derivative`);
  const gradientOfFirst = gradients[0] ?? algebra.broadcastTo(algebra.scalar(0), first.shape);
  return operation.gradient(
    {
      inputs,
      outputs,
      attributes,
      gradients: outputs.map((_output, index) => gradients[index]),
      gradient: gradientOfFirst,
      needed: inputs.map(isNeeded),
      differentiate: gradient,
    },
    algebra,
  );
}
