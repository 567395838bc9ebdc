/** The phone book: lines of names and numbers, some of which are asked again at the end. */
import { SubquadError } from "../../errors.ts";
import { Draw, evenly } from "../draw.ts";
import { drawName, drawNumber } from "./names.ts";
import type { RecallProbe } from "./probe.ts";
import { PieceEncoder, SequenceWriter } from "./writer.ts";

/** Names asked at the end. */
const questions = 8;

/** Digits of a number. */
const digits = 4;

const heading = "Phone book\n";
const again = "Asked again\n";

interface Entry {
  readonly name: string;
  readonly number: string;
}

/** `Name: number` lines, then some of them again in another order. */
export const phoneBook: RecallProbe = {
  name: "phone-book",
  description: "the number of a name in a list of names and numbers",
  build(reader, length, seed) {
    const draw = new Draw(seed, "phone-book");
    const writer = new SequenceWriter(new PieceEncoder(reader));
    const entries = drawEntries(writer, length, draw);
    if (entries.length < 2) {
      throw new SubquadError(`phone-book: ${length} tokens have no room for two names; ask for more`);
    }
    writer.add(heading);
    const told = entries.map(({ name, number }) => {
      writer.add(`${name}:`);
      const place = writer.addValue(number);
      writer.add("\n");
      return { name, number, place };
    });
    writer.add(again);
    for (const index of draw.shuffled(evenly(Math.min(questions, told.length), told.length))) {
      const asked = told[index];
      const other = told[(index + draw.integer(1, told.length - 1)) % told.length];
      if (asked === undefined || other === undefined) continue;
      writer.add(`${asked.name}:`);
      writer.ask(asked.number, asked.place, other.number);
      writer.add("\n");
    }
    return writer.finish();
  },
};

/** As many entries as there is room for, with the longest lines asked again. */
function drawEntries({ encoder, ids }: SequenceWriter, length: number, draw: Draw): Entry[] {
  const known = new Set<string>();
  const entries: Entry[] = [];
  let [total, longest] = [ids.length + encoder.count(heading, again), 0];
  for (;;) {
    const name = draw.fresh(known, () => `${drawName(draw, 2)} ${drawName(draw, 3)}`);
    const number = ` ${drawNumber(draw, digits)}`;
    const size = encoder.count(`${name}:`, number, "\n");
    longest = Math.max(longest, size);
    total += size;
    if (total + Math.min(questions, entries.length + 1) * longest > length) return entries;
    entries.push({ name, number });
  }
}
