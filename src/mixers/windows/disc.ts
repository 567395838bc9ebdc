/** CLEAR: tokens of an image on a grid, each of which sees a disc around it (arXiv 2412.16112). */
import { z } from "zod";
import { add, integers, less, multiply, or, quotient, subtract, type Value } from "../../graph/index.ts";
import { kind } from "../axis.ts";
import type { MixerSizes } from "../contract.ts";
import { MixerError } from "../errors.ts";
import { windowOptions, withOptions } from "./options.ts";
import { type Positions, plain, plainBlocks, type Sights, type Window } from "./window.ts";

const count = z.number().int().positive();

/** Tokens in front that see and are seen by all, then the grid row by row; a disc is Δy² + Δx² < radius². */
export const disc = kind(
  z.strictObject({
    kind: z.literal("disc"),
    rows: count,
    columns: count,
    radius: z.number().positive(),
    /** Tokens of text before the grid. */
    text: z.number().int().nonnegative().default(0),
    sinks: windowOptions.sinks,
  }),
  ({ rows, columns, radius, text, sinks }): Sights => {
    const places = text + rows * columns;
    // Squares of whole distances are whole: less than radius² is less than the next whole number.
    const limit = Math.ceil(radius ** 2);
    const band = Math.min(Math.ceil(radius), rows);
    const window: Window = {
      ...plain,
      first: text,
      capacity: () => places,
      sees: (positions) => or(within(positions, text, columns, limit), ofText(positions, text)),
      // Rows of the grid in bands as high as the radius: what a disc reaches lies in its own band or the next.
      blocks: {
        ...plainBlocks,
        size: band * columns,
        after: true,
        from: text,
        sees: (query, key) => {
          const [dy, dx] = [
            Math.floor(key / columns) - Math.floor(query / columns),
            mod(key, columns) - (query % columns),
          ];
          return dy ** 2 + dx ** 2 < limit;
        },
      },
      check: ({ length }: MixerSizes) => {
        if (length <= places) return;
        const grid = `${text} tokens of text and a grid of ${rows} × ${columns}`;
        throw new MixerError(`${length} tokens do not fit ${grid}: set the window's text, rows and columns`);
      },
    };
    const reason = "tokens of a grid have no order: set causal to false";
    return withOptions({ causal: reason, bothWays: window }, { sinks });
  },
);

const mod = (a: number, b: number) => ((a % b) + b) % b;

function within({ queries, keys }: Positions, text: number, columns: number, limit: number): Value {
  const place = (x: Value) => subtract(x, integers([text]));
  const row = (x: Value) => quotient(place(x), integers([columns]));
  const column = (x: Value) => subtract(place(x), multiply(row(x), integers([columns])));
  const square = (x: Value) => multiply(x, x);
  const [dy, dx] = [row, column].map((of) => square(subtract(of(queries), of(keys)))) as [Value, Value];
  return less(add(dy, dx), integers([limit]));
}

function ofText({ queries, keys }: Positions, text: number): Value {
  const early = (x: Value) => less(x, integers([text]));
  return or(early(queries), early(keys));
}
