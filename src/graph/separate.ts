/** Splitting a computation in two: a forward program that saves some values, and a backward program that reads them. */
import { input } from "./ops/index.ts";
import { simplify } from "./simplify.ts";
import { bytesOf } from "./type.ts";
import type { Node, Value } from "./value.ts";
import { outputOf, withInputs } from "./value.ts";
import { topologicalOrder } from "./walk.ts";

/** The two halves of a computation. */
export interface Separated {
  /** The forward outputs, simplified. */
  readonly forward: Readonly<Record<string, Value>>;
  /** The backward outputs, with saved values replaced by inputs of the names in `saved`. */
  readonly backward: Readonly<Record<string, Value>>;
  /** Values the forward program must also return, by the name the backward program reads them under. */
  readonly saved: Readonly<Record<string, Value>>;
}

/**
 * Separates `backward` from `forward`. A forward value that backward needs is saved where `keep` says so of its node
 * (by default: where its operation is costly), or what follows from it alone in no more bytes; others are computed again.
 */
export function separate(
  forward: Readonly<Record<string, Value>>,
  backward: Readonly<Record<string, Value>>,
  keep: (node: Node) => boolean = (node) => node.operation.costly?.(node) === true,
): Separated {
  const forwardNames = Object.keys(forward);
  const backwardNames = Object.keys(backward);
  const all = simplify([...Object.values(forward), ...Object.values(backward)]);
  const forwardValues = all.slice(0, forwardNames.length);
  const backwardValues = all.slice(forwardNames.length);
  const inForward = new Set(topologicalOrder(forwardValues));
  const kept = keptNodes(backwardValues, inForward, keep);
  const saved: Record<string, Value> = {};
  const replaced = new Map<Node, readonly Value[]>();
  const replacement = (value: Value): Value => replaced.get(value.node)?.[value.index] ?? value;
  for (const node of topologicalOrder(backwardValues)) {
    if (kept.has(node)) {
      const inputs = node.outputs.map((value) => {
        const name = `saved.${Object.keys(saved).length}`;
        saved[name] = value;
        return input(name, value.shape, value.dtype);
      });
      replaced.set(node, inputs);
      continue;
    }
    const inputs = node.inputs.map(replacement);
    if (inputs.some((value, index) => value !== node.inputs[index]))
      replaced.set(node, withInputs(node, inputs).outputs);
  }
  const rebuilt = backwardValues.map((value) => outputOf(replacement(value).node, replacement(value).index));
  return {
    forward: zip(forwardNames, forwardValues),
    backward: zip(backwardNames, rebuilt),
    ...pruned(saved, rebuilt),
  };
}

/** The nodes whose outputs are saved. */
function keptNodes(
  backward: readonly Value[],
  inForward: ReadonlySet<Node>,
  keep: (node: Node) => boolean,
): ReadonlySet<Node> {
  const kept = new Set([...inForward].filter(keep));
  for (;;) {
    const users = usersOf(backward, kept);
    const later = [...users.keys()].find((node) => {
      const alone = replacedBy(node, kept, users);
      return inForward.has(node) && !kept.has(node) && alone.length > 0 && bytes([node]) <= bytes(alone);
    });
    if (later === undefined) return new Set([...kept].map(viewed));
    for (const node of replacedBy(later, kept, users)) kept.delete(node);
    kept.add(later);
  }
}

/** What a node is a view of: to save the view itself would be a copy. */
function viewed(node: Node): Node {
  const source = node.operation.view ? node.inputs[0]?.node : undefined;
  return source === undefined ? node : viewed(source);
}

/** The kept nodes that nothing but `node` reads. */
function replacedBy(node: Node, kept: ReadonlySet<Node>, users: ReadonlyMap<Node, ReadonlySet<Node>>): Node[] {
  const sources = new Set(node.inputs.map((value) => value.node));
  return [...sources].filter((source) => kept.has(source) && users.get(source)?.size === 1);
}

/** Every node the backward half computes or reads, with those that read it; nothing before a kept node is needed. */
function usersOf(backward: readonly Value[], kept: ReadonlySet<Node>): Map<Node, Set<Node>> {
  const users = new Map<Node, Set<Node>>();
  const waiting = backward.map((value) => value.node);
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (users.has(node)) continue;
    users.set(node, new Set());
    if (!kept.has(node)) waiting.push(...node.inputs.map((value) => value.node));
  }
  for (const node of users.keys()) {
    if (!kept.has(node)) for (const value of node.inputs) users.get(value.node)?.add(node);
  }
  return users;
}

function bytes(nodes: readonly Node[]): number {
  return nodes.flatMap((node) => node.outputs).reduce((total, value) => total + bytesOf(value), 0);
}

/** Drops saved values that the backward outputs turned out not to need. */
function pruned(saved: Record<string, Value>, backward: readonly Value[]): { saved: Record<string, Value> } {
  const names = new Set(
    topologicalOrder(backward).map((node) => ("name" in node.attributes ? String(node.attributes.name) : "")),
  );
  return { saved: Object.fromEntries(Object.entries(saved).filter(([name]) => names.has(name))) };
}

function zip(names: readonly string[], values: readonly Value[]): Record<string, Value> {
  return Object.fromEntries(names.flatMap((name, index) => (values[index] ? [[name, values[index]]] : [])));
}
