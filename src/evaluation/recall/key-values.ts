/** Marks and numbers, such as `QZ-4821`: each told once and asked once among the others. */
import { SubquadError } from "../../errors.ts";
import { Draw } from "../draw.ts";
import { countOfCapitals, drawMark, drawNumber } from "./names.ts";
import type { RecallProbe } from "./probe.ts";
import { scheduled } from "./schedule.ts";
import { PieceEncoder, type Place, SequenceWriter } from "./writer.ts";

/** Digits of a number. */
const digits = 4;

/** Marks there are for every one that is used: few share all letters but one. */
const spareMarks = 4;

/** Fewest letters of a mark. */
const shortest = 2;

/** Lines drawn to learn how long they are. */
const samples = 64;

/** Lines `MARK-number`; the mark alone tells the number. */
export const keyValues: RecallProbe = {
  name: "key-values",
  description: "the number that a mark of capital letters was told with",
  build(reader, length, seed) {
    const draw = new Draw(seed, "key-values");
    const encoder = new PieceEncoder(reader);
    const writer = new SequenceWriter(encoder);
    const room = length - writer.ids.length;
    const { letters, lines } = layout(encoder, room);
    const marks = new Set<string>();
    const told: { readonly mark: string; readonly number: string; readonly place: Place }[] = [];
    for (const { pair, asked } of scheduled(lines, draw)) {
      const known = told[pair];
      const { mark, number } = known ?? {
        mark: draw.fresh(marks, () => drawMark(draw, letters)),
        number: drawNumber(draw, digits),
      };
      if (writer.ids.length + encoder.count(`${mark}-`, number, "\n") > length) break;
      writer.add(`${mark}-`);
      if (asked && known !== undefined) writer.ask(number, known.place, draw.pick(told).number);
      else told.push({ mark, number, place: writer.addValue(number) });
      writer.add("\n");
    }
    if (writer.answers.length === 0) {
      throw new SubquadError(`key-values: ${length} tokens have no room for a question; ask for more`);
    }
    return writer.finish();
  },
};

/** How many letters tell marks apart, and about how many lines there are room for. */
function layout(encoder: PieceEncoder, room: number): { readonly letters: number; readonly lines: number } {
  const draw = new Draw(0, "key-values");
  for (let letters = shortest; ; letters++) {
    const sizes = Array.from({ length: samples }, () =>
      encoder.count(`${drawMark(draw, letters)}-`, drawNumber(draw, digits), "\n"),
    );
    const lines = Math.floor((room * samples) / sizes.reduce((sum, size) => sum + size, 0));
    if (countOfCapitals ** letters >= spareMarks * lines) return { letters, lines };
  }
}
