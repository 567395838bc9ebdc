/** Common-subexpression elimination; dead code falls away because only what outputs reach is rebuilt. */
import { broadcastTo, type ConstantAttributes } from "./ops/index.ts";
import { sameShape } from "./type.ts";
import { applyOne, type Node, outputOf, type Value, withInputs } from "./value.ts";
import { topologicalOrder } from "./walk.ts";

/**
 * The same values with equal expressions shared, neutral arithmetic (x + 0, x · 1) and gradient markers removed,
 * expressions shortened as their operations say, and nothing repeated that the operation reading it would repeat by itself.
 */
export function simplify(values: readonly Value[]): Value[] {
  const replaced = new Map<Node, readonly Value[]>();
  const known = new Map<string, Node>();
  const identities = new Map<object, number>();
  const replacement = (value: Value): Value => replaced.get(value.node)?.[value.index] ?? value;
  const share = (node: Node, inputs: readonly Value[]): Node => {
    const key = keyOf(node, inputs, identities);
    const unchanged = inputs.every((value, index) => value === node.inputs[index]);
    const shared = known.get(key) ?? (unchanged ? node : withInputs(node, inputs));
    known.set(key, shared);
    return shared;
  };
  /** The node on operands before they were repeated, its result repeated after it where that is still needed. */
  const narrowed = (node: Node, inputs: readonly Value[]): Value | undefined => {
    const [output] = node.outputs;
    if (!node.operation.broadcasts || output === undefined) return undefined;
    const sources = inputs.map((value) => (isRepeated(value) ? (value.node.inputs[0] ?? value) : value));
    if (sources.every((value, index) => value === inputs[index])) return undefined;
    const made = applyOne(node.operation, sources, node.attributes);
    const small = outputOf(share(made.node, sources), 0);
    if (sameShape(small.shape, output.shape)) return small;
    const repeated = broadcastTo(small, output.shape);
    return outputOf(share(repeated.node, [small]), 0);
  };
  for (const node of topologicalOrder(values)) {
    const inputs = node.inputs.map(replacement);
    const neutral = neutralOperand(node, inputs);
    if (neutral !== undefined) {
      replaced.set(node, [neutral]);
      continue;
    }
    const short = node.operation.shortened?.(inputs, node.attributes);
    if (short !== undefined) {
      replaced.set(node, [outputOf(share(short.node, short.node.inputs), short.index)]);
      continue;
    }
    const narrow = narrowed(node, inputs);
    replaced.set(node, narrow === undefined ? share(node, inputs).outputs : [narrow]);
  }
  return values.map((value) => outputOf(replacement(value).node, replacement(value).index));
}

function keyOf(node: Node, inputs: readonly Value[], identities: Map<object, number>): string {
  const { operation, attributes } = node;
  const own = operation.key === undefined ? JSON.stringify(attributes) : operation.key(attributes);
  const operands = inputs.map((value) => `${identity(value.node, identities)}.${value.index}`);
  return `${operation.name}(${operands.join()})${own ?? `#${node.id}`}`;
}

function identity(node: Node, identities: Map<object, number>): number {
  const known = identities.get(node) ?? identities.size;
  identities.set(node, known);
  return known;
}

/** The operand a node merely repeats, if it does. */
function neutralOperand({ operation, outputs }: Node, [a, b]: readonly Value[]): Value | undefined {
  if (operation.transparent) return a;
  const [output] = outputs;
  const { first, second } = operation.neutral ?? {};
  if (a === undefined || b === undefined || output === undefined) return undefined;
  if (second !== undefined && isFilledWith(b, second) && sameShape(a.shape, output.shape)) return a;
  if (first !== undefined && isFilledWith(a, first) && sameShape(b.shape, output.shape)) return b;
  return undefined;
}

function isRepeated({ node }: Value): boolean {
  return node.operation.name === "broadcastTo";
}

function isFilledWith(value: Value, number: number): boolean {
  if (value.node.operation.name !== "constant" || value.dtype !== "float32") return false;
  const { data } = value.node.attributes as ConstantAttributes;
  return data.length > 0 && data.every((element: number | bigint) => element === number);
}
