/** Byte-level text classification on texts of one's own: pieces of documents, labelled by where they came from. */
import { SubquadError } from "../../errors.ts";
import type { Draw } from "../draw.ts";
import type { CutDocument } from "./pieces.ts";

/** A line of a data set. */
export interface ClassificationRow {
  readonly text: string;
  /** The place of its class among the classes. */
  readonly label: number;
}

/** The documents of a class. */
export interface TextClass {
  readonly name: string;
  readonly documents: readonly CutDocument[];
}

/**
 * Rows in random order, as many of each class, no piece twice. Throws a SubquadError for fewer than two classes, and for one
 * without enough pieces.
 */
export function classification(draw: Draw, count: number, classes: readonly TextClass[]): ClassificationRow[] {
  if (classes.length < 2)
    throw new SubquadError("classification takes two classes at least: name two files or folders");
  const each = Math.floor(count / classes.length);
  if (each === 0) throw new SubquadError(`${count} rows are too few for ${classes.length} classes; ask for more`);
  const rows = classes.flatMap(({ name, documents }, label) => {
    const pieces = documents.flatMap((document) => document.pieces);
    if (pieces.length < each) {
      throw new SubquadError(
        `${name}: has ${pieces.length} pieces of this length, and ${each} are wanted; ask for fewer rows or shorter pieces`,
      );
    }
    const chosen = draw.shuffled(pieces).slice(0, each);
    return chosen.map((text): ClassificationRow => ({ text, label }));
  });
  return draw.shuffled(rows);
}
