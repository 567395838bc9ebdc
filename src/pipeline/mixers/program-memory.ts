/** What a program needs, from its graph alone: numbers computed, and memory while it runs. */
import { bytesOf, type Node, type Program, sizeOf, type Value } from "../../graph/index.ts";

/** The nodes of a loop's body and how often they run; undefined for other operations. */
function loopOf({ attributes, inputs }: Node): { readonly nodes: readonly Node[]; readonly steps: number } | undefined {
  if (!("body" in attributes && "carried" in attributes)) return undefined;
  const { body, carried } = attributes as { body: { nodes: readonly Node[] }; carried: number };
  return { nodes: body.nodes, steps: inputs[carried]?.shape[0] ?? 1 };
}

/** Numbers that a program computes, those inside loops once per step. */
export function numbersComputed({ nodes }: Pick<Program, "nodes">): number {
  return nodes.reduce((total, node) => {
    const loop = loopOf(node);
    const own = node.outputs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    return total + own + (loop === undefined ? 0 : loop.steps * numbersComputed(loop));
  }, 0);
}

/**
 * The most bytes of tensors that are alive at once when a program's nodes run in order: inputs and outputs throughout,
 * others from the node that computes them to the last that reads them. Views take none.
 */
export function peakTensorBytes({ nodes, outputs }: Program): number {
  return peakOf(nodes, new Set(Object.values(outputs).map(storage)));
}

/** The memory a value lies in: that of what it is a view of. */
function storage(value: Value): Value {
  const { operation, inputs } = value.node;
  const [source] = inputs;
  return operation.view === true && source !== undefined ? storage(source) : value;
}

/** The peak of nodes in order, `held` kept to the end. */
function peakOf(nodes: readonly Node[], held: ReadonlySet<Value>): number {
  const last = new Map<Value, Node>();
  for (const node of nodes) for (const value of node.inputs) last.set(storage(value), node);
  const stays = (value: Value) => held.has(value) || sources.has(value.node.operation.name);
  let [current, peak] = [0, 0];
  for (const node of nodes) {
    const made = node.operation.view === true ? [] : node.outputs;
    current += bytesHeld(made);
    const loop = loopOf(node);
    peak = Math.max(peak, current + (loop === undefined ? 0 : peakOf(loop.nodes, new Set())));
    const read = new Set(node.inputs.map(storage));
    const done = [
      ...made.filter((value) => !last.has(value)),
      ...[...read].filter((value) => last.get(value) === node),
    ];
    current -= bytesHeld(done.filter((value) => !stays(value)));
  }
  return peak;
}

/** Operations whose values are there before the program runs. */
const sources = new Set(["input", "constant"]);

const bytesHeld = (values: readonly Value[]) => values.reduce((total, value) => total + bytesOf(value), 0);
