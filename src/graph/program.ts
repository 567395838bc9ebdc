/** A program: named inputs and outputs, simplified and ready to be compiled by a backend. */
import type { InputAttributes } from "./ops/index.ts";
import { simplify } from "./simplify.ts";
import { formatShape, sameShape, type TensorType } from "./type.ts";
import { GraphError, type Node, type Value } from "./value.ts";
import { topologicalOrder } from "./walk.ts";

/** An immutable computation from named inputs to named outputs. */
export interface Program<Output extends string = string> {
  readonly inputs: ReadonlyMap<string, TensorType>;
  readonly outputs: Readonly<Record<Output, Value>>;
  /** The simplified nodes, inputs before users. */
  readonly nodes: readonly Node[];
}

/** Builds a program from its outputs. Throws a GraphError when two inputs share a name but not a type, or an output an input's. */
export function program<Output extends string>(outputs: Readonly<Record<Output, Value>>): Program<Output> {
  const names = Object.keys(outputs) as Output[];
  const simplified = simplify(names.map((name) => outputs[name]));
  const nodes = topologicalOrder(simplified);
  const inputs = collectInputs(nodes);
  const twice = names.find((name) => inputs.has(name));
  if (twice !== undefined) throw new GraphError(`"${twice}" is the name of an input and of an output`);
  const entries = names.map((name, index) => [name, simplified[index]] as const);
  return { inputs, outputs: Object.fromEntries(entries) as Record<Output, Value>, nodes };
}

function collectInputs(nodes: readonly Node[]): Map<string, TensorType> {
  const inputs = new Map<string, TensorType>();
  for (const node of nodes) {
    if (node.operation.name !== "input") continue;
    const { name, dtype, shape } = node.attributes as InputAttributes;
    const known = inputs.get(name);
    if (known !== undefined && (known.dtype !== dtype || !sameShape(known.shape, shape))) {
      throw new GraphError(`the input "${name}" is used as ${formatShape(known.shape)} and as ${formatShape(shape)}`);
    }
    inputs.set(name, { dtype, shape });
  }
  return inputs;
}
