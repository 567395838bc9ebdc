/**
 * Multi-query associative recall: keys and values drawn from the model's own vocabulary, each key told once and asked once
 * (after Arora et al. 2023, arXiv 2312.04927, in lines of text, which a language model goes on with untrained).
 */
import { SubquadError } from "../../errors.ts";
import { Draw } from "../draw.ts";
import type { ProbeAnswer, RecallProbe } from "./probe.ts";
import { scheduled } from "./schedule.ts";
import { symbolsOf } from "./symbols.ts";
import { beginning, PieceEncoder } from "./writer.ts";

/** Words drawn from at least: fewer would make some models' most frequent words all there is. */
const fewestWords = 4096;

/** Keys there are for every one that is used, where a key has several tokens: few are alike but for one. */
const spareKeys = 4;

/** Fewest tokens that make keys and values apart from each other. */
const fewestSymbols = 8;

interface Pair {
  readonly key: readonly number[];
  readonly value: number;
}

/** Lines `key:value` of one token each, or of as many as it takes to tell the keys apart. */
export const mqar: RecallProbe = {
  name: "mqar",
  description: "the word or letter that a key of the vocabulary was told with",
  build(reader, length, seed) {
    const draw = new Draw(seed, "mqar");
    const symbols = symbolsOf(reader);
    if (symbols.ids.length < fewestSymbols) {
      throw new SubquadError(
        `mqar: the vocabulary has ${symbols.ids.length} tokens that are words or letters, too few to ask with; leave it out`,
      );
    }
    const encoder = new PieceEncoder(reader);
    const [between, newline] = [encoder.encode(symbols.between), encoder.encode("\n")];
    const ids = beginning(reader);
    const linesOf = (width: number) =>
      Math.floor((length - ids.length) / (width + between.length + 1 + newline.length));
    const pairs = drawPairs(linesOf(1), symbols.ids, draw);
    const lines = linesOf(pairs[0]?.key.length ?? 1);
    const told: { readonly start: number; readonly value: number }[] = [];
    const answers: ProbeAnswer[] = [];
    for (const { pair, asked } of scheduled(lines, draw)) {
      const { key, value } = pairs[pair] as Pair;
      ids.push(...key, ...between, value, ...newline);
      const start = ids.length - newline.length - 1;
      const before = told[pair];
      if (!asked || before === undefined) {
        told.push({ start, value });
        continue;
      }
      const other = draw.pick(told).value;
      const contrast = other === value ? {} : { contrast: [other] };
      answers.push({ start, length: 1, distance: start - before.start, ...contrast });
    }
    if (answers.length === 0)
      throw new SubquadError(`mqar: ${length} tokens have no room for a question; ask for more`);
    return { ids, answers };
  },
};

function drawPairs(count: number, symbols: readonly number[], draw: Draw): Pair[] {
  const shuffled = draw.shuffled(symbols.slice(0, Math.max(fewestWords, 2 * count)));
  const half = Math.floor(shuffled.length / 2);
  const [keys, values] = [shuffled.slice(0, half), shuffled.slice(half)];
  if (keys.length >= count) return keys.slice(0, count).map((key) => ({ key: [key], value: draw.pick(values) }));
  const width = Math.max(2, Math.ceil(Math.log(count * spareKeys) / Math.log(keys.length)));
  const known = new Set<string>();
  return Array.from({ length: count }, () => {
    let key: number[] = [];
    draw.fresh(known, () => {
      key = Array.from({ length: width }, () => draw.pick(keys));
      return key.join();
    });
    return { key, value: draw.pick(values) };
  });
}
