/** Is least squares learned in context? Examples (x, y) of a linear function drawn anew for every sequence, written as text. */
import { SubquadError } from "../../errors.ts";
import { Draw } from "./draw.ts";
import type { RecallProbe } from "./probe.ts";
import { PieceEncoder, SequenceWriter } from "./writer.ts";

/** The largest x by the number of its dimensions: a y has two or three digits, and few x come twice. */
const largest: Readonly<Record<number, number>> = { 1: 99, 2: 9 };

/** The largest weight. */
const heaviest = 9;

/** Examples at most: a line of two numbers needs few. */
const mostExamples = 64;

/** Lines `x, y` with y = w · x, no noise; every y is asked, given all lines before it. */
export function regressionProbe(dimensions: 1 | 2): RecallProbe {
  const most = largest[dimensions] ?? 1;
  return {
    name: `regression-${dimensions}d`,
    description: `y = w · x of ${dimensions} dimension${dimensions > 1 ? "s" : ""} from the examples before`,
    build(reader, length, seed) {
      const draw = new Draw(seed, `regression ${dimensions}`);
      const writer = new SequenceWriter(new PieceEncoder(reader));
      const weights = Array.from({ length: dimensions }, () => draw.integer(2, heaviest));
      const known = new Set<string>();
      let [examples, longest] = [0, 0];
      while (examples < Math.min(mostExamples, most ** dimensions)) {
        const before = writer.ids.length;
        if (before + longest + 8 > length) break;
        let x: number[] = [];
        draw.fresh(known, () => {
          x = weights.map(() => draw.integer(1, most));
          return x.join();
        });
        const y = weights.reduce((sum, weight, index) => sum + weight * (x[index] ?? 0), 0);
        writer.add(`${x.join(" ")} ->`);
        const place = writer.addValue(` ${y}`);
        writer.answers.push({ ...place, distance: 0, examples, number: y });
        writer.add("\n");
        examples++;
        longest = Math.max(longest, writer.ids.length - before);
      }
      if (examples < 2)
        throw new SubquadError(`regression: ${length} tokens have no room for two examples; ask for more`);
      return { ids: writer.ids, answers: writer.answers };
    },
  };
}
