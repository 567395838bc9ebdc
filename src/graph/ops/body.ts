/** Expressions apart from the graph around them: the bodies of loops. */
import type { TensorType } from "../type.ts";
import { type Node, outputOf, type Value, withInputs } from "../value.ts";
import { topologicalOrder } from "../walk.ts";
import { input } from "./source.ts";

/** Expressions of placeholders alone. */
export interface Body {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  /** What computes the outputs, inputs before users. */
  readonly nodes: readonly Node[];
}

let placeholders = 0;

/** An input of a body: it stands for a value that the operation holding the body provides. */
export function placeholder({ shape, dtype }: TensorType, purpose: string): Value {
  return input(`${purpose} inside a loop (${placeholders++})`, shape, dtype);
}

/**
 * The outputs as a body of `inputs`. A value they use that does not depend on these becomes a further input, a constant
 * stays. `captured` are the values that the further inputs stand for.
 */
export function isolate(
  inputs: readonly Value[],
  outputs: readonly Value[],
): { readonly body: Body; readonly captured: readonly Value[] } {
  const own = new Set(inputs.map((value) => value.node));
  const inside = new Map<Node, Node>();
  const captured = new Map<Value, Value>();
  const replacement = (value: Value): Value => {
    if (own.has(value.node) || value.node.operation.name === "constant") return value;
    const rebuilt = inside.get(value.node);
    if (rebuilt !== undefined) return outputOf(rebuilt, value.index);
    const known = captured.get(value) ?? placeholder(value, "captured value");
    captured.set(value, known);
    return known;
  };
  for (const node of topologicalOrder(outputs)) {
    const depends = node.inputs.some((value) => own.has(value.node) || inside.has(value.node));
    if (depends) inside.set(node, withInputs(node, node.inputs.map(replacement)));
  }
  const rebuilt = outputs.map(replacement);
  const body = { inputs: [...inputs, ...captured.values()], outputs: rebuilt, nodes: topologicalOrder(rebuilt) };
  return { body, captured: [...captured.keys()] };
}
