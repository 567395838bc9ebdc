/** Is least squares learned in context? Examples (x, y) of a linear function drawn anew for every sequence, written as text. */
import { SubquadError } from "../../errors.ts";
import { Draw } from "../draw.ts";
import type { RecallProbe } from "./probe.ts";
import { PieceEncoder, SequenceWriter } from "./writer.ts";

/** The largest x by its dimensions: no x comes twice. */
const largest = { 1: 99, 2: 9 } as const;

/** Weights are whole numbers between these, by dimensions. */
const leastWeight = 2;
const mostWeight = { 1: 9, 2: 4 } as const;

/** More examples than a line or plane needs many times over. */
const mostExamples = 64;

/** Tokens that hold this many examples in most vocabularies: longer sequences would be the same. */
const longest = 768;

/** Four numbers of examples between a power of two and the next: writing numbers takes longer than reading them. */
function asksNumber(examples: number): boolean {
  return examples % Math.max(1, 2 ** Math.floor(Math.log2(examples)) / 4) === 0;
}

/**
 * Lines `x -> y` with y = w · x, without noise; every y is asked, given all lines before it. To guess is to say the mean of
 * the y before.
 */
export function regressionProbe(dimensions: 1 | 2): RecallProbe {
  const name = `regression-${dimensions}d`;
  return {
    name,
    description: `y = w · x of ${dimensions === 1 ? "one dimension" : "two dimensions"} from the examples before`,
    lengths: (wanted) => [Math.min(longest, Math.max(...wanted))],
    build(reader, length, seed) {
      const draw = new Draw(seed, name);
      const writer = new SequenceWriter(new PieceEncoder(reader));
      const weights = Array.from({ length: dimensions }, () => draw.integer(leastWeight, mostWeight[dimensions]));
      const known = new Set<string>();
      let sumBefore = 0;
      const most = Math.min(mostExamples, largest[dimensions] ** dimensions);
      for (let examples = 0; examples < most; examples++) {
        let x: number[] = [];
        draw.fresh(known, () => {
          x = weights.map(() => draw.integer(1, largest[dimensions]));
          return x.join();
        });
        const y = weights.reduce((sum, each, index) => sum + each * (x[index] ?? 0), 0);
        const [lead, value, end] = [`${x.join(" ")} ->`, ` ${y}`, "\n"];
        if (writer.ids.length + writer.encoder.count(lead, value, end) > length) break;
        writer.add(lead);
        const place = writer.addValue(value);
        const number = asksNumber(examples) ? { number: y, guess: sumBefore / Math.max(1, examples) } : {};
        writer.answers.push({ ...place, distance: 0, examples, ...number });
        writer.add(end);
        sumBefore += y;
      }
      if (writer.answers.length < 2) {
        throw new SubquadError(`${name}: ${length} tokens have no room for two examples; ask for more`);
      }
      return writer.finish();
    },
  };
}
