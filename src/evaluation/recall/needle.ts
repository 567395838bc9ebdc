/** Needles in a haystack: sentences with a random number each, hidden in a text at even depths and asked at its end. */
import { SubquadError } from "../../errors.ts";
import { Draw, evenly } from "../draw.ts";
import { drawName, drawNumber } from "./names.ts";
import type { ProbeReader, RecallProbe } from "./probe.ts";
import { PieceEncoder, type Place, SequenceWriter } from "./writer.ts";

/** Depths of the needles. */
const depths = 5;

/** Digits of a number. */
const digits = 4;

/** Tokens that a needle moves on at most, to the end of a sentence. */
const patience = 64;

/** How many times a training length is measured. */
const multiples = [1, 2, 4, 8, 16, 32] as const;

/** Tokens of text beside each needle at least. */
const leastText = 8;

const lead = (name: string) => `The secret number of ${name} is`;
const end = ".\n";

/**
 * The probe on a haystack of tokens, which is repeated where it is too short; control tokens in it are left out, for a model
 * forgets what stands before the end of a text. All needles are in one sequence and are asked one after another, so that
 * one pass measures all depths. With a training length, the lengths are 1 to 32 times that.
 */
export function needleProbe(haystack: ArrayLike<number>, trainingLength?: number): RecallProbe {
  return {
    name: "needle",
    description: "a number told in one sentence of a long text",
    ...(trainingLength !== undefined && { lengths: () => multiples.map((times) => times * trainingLength) }),
    build(reader, length, seed) {
      const draw = new Draw(seed, "needle");
      const encoder = new PieceEncoder(reader);
      const writer = new SequenceWriter(encoder);
      const known = new Set<string>();
      const needles = evenly(depths, depths).map((index) => ({
        name: draw.fresh(known, () => drawName(draw, 3)),
        number: ` ${drawNumber(draw, digits)}`,
        depth: (index + 0.5) / depths,
      }));
      const own = needles.reduce((sum, { name, number }) => sum + 2 * encoder.count(lead(name), number, end), 0);
      const hay = length - own - writer.ids.length - encoder.count("\n") * (depths + 1);
      const text = Array.from(haystack).filter((id) => !reader.specialIds.has(id));
      if (text.length === 0 || hay < depths * leastText) {
        throw new SubquadError(`needle: ${length} tokens have no room for ${depths} needles in a text; ask for more`);
      }
      const offset = draw.integer(0, text.length - 1);
      const straws = Array.from({ length: hay }, (_unused, index) => text[(offset + index) % text.length] ?? 0);
      const places = evenly(depths, hay).map((place) => endOfSentence(reader, straws, place));
      const told: Place[] = [];
      needles.forEach(({ name, number }, index) => {
        writer.addIds(straws.slice(places[index - 1] ?? 0, places[index]));
        writer.add("\n");
        writer.add(lead(name));
        told.push(writer.addValue(number));
        writer.add(end);
      });
      writer.addIds(straws.slice(places.at(-1)));
      writer.add("\n");
      for (const index of draw.shuffled(needles.map((_needle, place) => place))) {
        const [needle, place, other] = [needles[index], told[index], needles[(index + 1) % depths]];
        if (needle === undefined || place === undefined || other === undefined) continue;
        writer.add(lead(needle.name));
        writer.ask(needle.number, place, other.number, { depth: needle.depth });
        writer.add(end);
      }
      return writer.finish();
    },
  };
}

/** The first place from `from` on before which a sentence ends; `from` where none is near. */
function endOfSentence(reader: ProbeReader, ids: readonly number[], from: number): number {
  const near = ids.slice(from, from + patience).findIndex((id) => /[.!?\n]["')]*\s*$/.test(reader.decode([id])));
  return near < 0 ? from : from + near + 1;
}
