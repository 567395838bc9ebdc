/** The recall test: prompts that end where a fact is asked that was told once, far before; scored by what a model writes next. */

import { SubquadError } from "../../errors.ts";
import type { Books } from "./corpus.ts";
import { factPassage } from "./facts.ts";
import { Random } from "./random.ts";

/** One question: the greedy continuation of `prompt` must begin with `answer`. */
export interface RecallPrompt {
  readonly prompt: string;
  readonly answer: string;
  /** Bytes from the end of the fact to the question's end. */
  readonly gap: number;
}

/** Which questions to draw. */
export interface RecallTestOptions {
  readonly prompts: number;
  /** The longest prompt and answer together, in bytes: at most the model's context less its first token. */
  readonly bytes: number;
  /** Every fact lies more than this many bytes before its question. */
  readonly leastGap: number;
  readonly seed: number;
}

/** How many passages are drawn for one question before giving up. */
const MOST_DRAWS = 200;

/** Draws questions from held-out books about subjects that training never saw; the same seed draws the same questions. */
export function recallTest(heldOut: Books, options: RecallTestOptions): readonly RecallPrompt[] {
  const random = new Random(options.seed, 2);
  const prompts: RecallPrompt[] = [];
  let draws = 0;
  while (prompts.length < options.prompts) {
    if (draws++ > options.prompts * MOST_DRAWS) {
      throw new SubquadError(
        `recall test: no facts more than ${options.leastGap} bytes back fit into ${options.bytes} bytes; ask for longer prompts or shorter gaps`,
      );
    }
    const { text, recalls } = factPassage(random, random.pick(heldOut.filler), {
      bytes: options.bytes,
      episodeBytes: options.bytes,
      share: "held-out",
      rollShare: 0,
    });
    const far = recalls.filter(({ gap, mentions, at, answer }) => {
      const toldOnce = text.indexOf(answer) === text.lastIndexOf(answer, at - 1);
      return mentions === 1 && gap > options.leastGap && toldOnce;
    });
    if (far.length === 0) continue;
    const { at, answer, gap } = random.pick(far);
    prompts.push({ prompt: text.slice(0, at), answer, gap });
  }
  return prompts;
}

/** The share of questions whose continuation begins with the answer; `continuations` are in the order of the prompts. */
export function scoreRecall(prompts: readonly RecallPrompt[], continuations: readonly string[]): number {
  if (prompts.length === 0 || prompts.length !== continuations.length) {
    throw new SubquadError(
      `recall test: ${prompts.length} prompts and ${continuations.length} continuations; give one for each`,
    );
  }
  const correct = prompts.filter(({ answer }, i) => continuations[i]?.startsWith(answer) === true);
  return correct.length / prompts.length;
}
