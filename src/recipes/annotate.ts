/** A resolved recipe as YAML in which a comment explains every key. */
import { Document, isMap, isScalar, isSeq, type Node, type Scalar, visit } from "yaml";
import type { z } from "zod";
import { describe } from "./describe.ts";
import { below } from "./issues.ts";
import { childOf, optionsFor } from "./walk.ts";

/** The recipe as YAML: every key with its meaning beside it (or above it, where a mapping follows). */
export function annotatedYaml(schema: z.ZodType, recipe: unknown): string {
  const document = new Document(recipe, { aliasDuplicateObjects: false });
  if (document.contents !== null) annotate(document.contents, schema, recipe);
  visit(document, {
    Seq(_, node) {
      // Short lists of plain values read better on one line.
      if (node.items.every(isScalar)) node.flow = true;
    },
  });
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

function annotate(node: Node, schema: z.core.$ZodType, value: unknown): void {
  if (isSeq(node)) {
    for (const [index, item] of node.items.entries()) {
      const child = childOf(schema, value, index);
      if (child !== undefined && isMap(item)) annotate(item, child, below(value, index));
    }
    return;
  }
  if (!isMap<Scalar<string>, Node>(node)) return;
  for (const { key, value: item } of node.items) {
    const child = childOf(schema, value, key.value);
    if (child === undefined || item === null) continue;
    const under = below(value, key.value);
    const chosen = optionsFor(child, under);
    const meaning = describe(child) || (chosen[0] === undefined ? "" : describe(chosen[0]));
    if (meaning !== "") {
      if (isScalar(item) || (isSeq(item) && item.items.every(isScalar))) item.comment = ` ${meaning}`;
      else key.commentBefore = ` ${meaning}`;
    }
    annotate(item, child, under);
  }
}
