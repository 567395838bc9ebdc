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
export function peakTensorBytes(program: Program): number {
  const held = new Set(Object.values(program.outputs).map(storage));
  const { peak } = walk(program.nodes, held);
  return peak;
}

/** The memory a value lies in: that of what it is a view of. */
function storage(value: Value): Value {
  const { operation, inputs } = value.node;
  const [source] = inputs;
  return operation.view === true && source !== undefined ? storage(source) : value;
}

function walk(nodes: readonly Node[], held: ReadonlySet<Value>): { readonly peak: number } {
  const last = new Map<Value, Node>();
  for (const node of nodes) for (const value of node.inputs) last.set(storage(value), node);
  let [current, peak] = [0, 0];
  for (const node of nodes) {
    const made = node.operation.view === true ? [] : node.outputs;
    const source = node.operation.name === "input" || node.operation.name === "constant";
    current += made.reduce((sum, value) => sum + bytesOf(value), 0);
    const loop = loopOf(node);
    peak = Math.max(peak, current + (loop === undefined ? 0 : walk(loop.nodes, new Set()).peak));
    const done = new Set(node.inputs.map(storage));
    if (!source) for (const value of made) if (!last.has(value) && !held.has(value)) current -= bytesOf(value);
    for (const value of done) {
      const name = value.node.operation.name;
      if (last.get(value) === node && !held.has(value) && name !== "input" && name !== "constant")
        current -= bytesOf(value);
    }
  }
  return { peak };
}
