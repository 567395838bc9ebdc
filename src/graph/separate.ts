/** Splitting a computation in two: a forward program that saves some values, and a backward program that reads them. */
import { input } from "./ops/index.ts";
import { simplify } from "./simplify.ts";
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
 * (by default: where its operation is costly), and computed again otherwise.
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
  const inForward = new Set(topologicalOrder(forwardValues));
  const saved: Record<string, Value> = {};
  const replaced = new Map<Node, readonly Value[]>();
  const replacement = (value: Value): Value => replaced.get(value.node)?.[value.index] ?? value;
  const backwardValues = all.slice(forwardNames.length);
  for (const node of topologicalOrder(backwardValues)) {
    if (inForward.has(node) && keep(node)) {
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
