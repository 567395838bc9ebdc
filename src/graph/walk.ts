/** Walking expressions: nodes in an order where inputs come first. */
import type { Node, Value } from "./value.ts";

/** All nodes the values depend on, each once, inputs before users. Iterative: deep graphs do not exhaust the stack. */
export function topologicalOrder(values: readonly Value[]): Node[] {
  const order: Node[] = [];
  const seen = new Set<Node>();
  const stack: { node: Node; next: number }[] = [];
  const visit = (node: Node) => {
    if (seen.has(node)) return;
    seen.add(node);
    stack.push({ node, next: 0 });
  };
  for (const value of values) {
    visit(value.node);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const child = top.node.inputs[top.next++];
      if (child !== undefined) visit(child.node);
      else {
        order.push(top.node);
        stack.pop();
      }
    }
  }
  return order;
}
