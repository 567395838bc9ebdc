/** Retrieval on texts of one's own: do two pieces come from the same document? */
import { SubquadError } from "../../errors.ts";
import type { Draw } from "../draw.ts";
import type { CutDocument } from "./pieces.ts";

/** A line of a data set. */
export interface RetrievalRow {
  readonly text: string;
  readonly other: string;
  /** 1 where both are of one document, 0 where they are of two. */
  readonly label: 0 | 1;
}

/** Pairs drawn in vain after which there are taken to be no more. */
const patience = 10_000;

/**
 * Pairs of different pieces, every second of one document, in random order; no pair comes twice. Throws a SubquadError where
 * there are not two documents of two pieces, or too few pairs.
 */
export function retrieval(draw: Draw, count: number, documents: readonly CutDocument[]): RetrievalRow[] {
  const long = documents.filter(({ pieces }) => pieces.length > 1);
  if (long.length < 2) {
    throw new SubquadError(
      `retrieval takes two documents with two pieces each, and ${long.length} have as many; name more texts or ask for shorter pieces`,
    );
  }
  const known = new Set<string>();
  const pair = (same: boolean): RetrievalRow => {
    for (let tries = 0; tries < patience; tries++) {
      const first = draw.integer(0, long.length - 1);
      const second = same ? first : (first + draw.integer(1, long.length - 1)) % long.length;
      const [one, two] = [long[first]?.pieces ?? [], long[second]?.pieces ?? []];
      const place = draw.integer(0, one.length - 1);
      const other = same ? (place + draw.integer(1, one.length - 1)) % one.length : draw.integer(0, two.length - 1);
      const name = [`${first} ${place}`, `${second} ${other}`].sort().join();
      const [text, against] = [one[place], two[other]];
      if (known.has(name) || text === undefined || against === undefined) continue;
      known.add(name);
      return { text, other: against, label: same ? 1 : 0 };
    }
    throw new SubquadError(
      `retrieval: the texts have no more than about ${known.size} different pairs of this length; ask for fewer`,
    );
  };
  return draw.shuffled(Array.from({ length: count }, (_unused, index) => pair(index % 2 === 0)));
}
