/** The figures of `probe`: of the teacher, of each model with one layer exchanged, and of all layers together. */
import { SubquadError } from "../../errors.ts";
import { mqar } from "../../evaluation/recall/mqar.ts";
import type { ProbeReader, ProbeSequence } from "../../evaluation/recall/probe.ts";
import type { ForwardPass } from "../../inference/forward.ts";
import { type FloatTensor, floatsOf } from "../../runtime/index.ts";
import type { ProbeDocument, Reporter } from "../contract.ts";
import { type AnswerSums, scoreStream } from "./answers.ts";
import { type Sweep, sweep, sweptBlocks } from "./sweep.ts";

/** Sequences of associative recall that are asked. */
const recallSequences = 4;

/** What is measured of one model. */
export interface Measured {
  /** Mean loss of each window, in nats per token. */
  readonly losses: number[];
  /** One entry for each sequence of questions. */
  readonly answers: AnswerSums[];
}

/** What a probe finds. */
export interface Found {
  readonly teacher: Measured;
  /** All layers exchanged at once. */
  readonly linearized: Measured;
  /** The teacher with that layer alone exchanged. */
  readonly layers: ReadonlyMap<number, Measured>;
}

/** A sequence that models are judged on. */
export interface Judged {
  readonly ids: readonly number[];
  /** Adds to the figures of a model what its stream after the last layer, `[1, length, hidden]`, says. */
  judge(forward: ForwardPass, x: FloatTensor, into: Measured): Promise<void>;
}

/** The text's first `tokens` ids as windows that do not overlap, scored as perplexity is. */
export function judgedWindows(ids: ArrayLike<number>, length: number, tokens: number): Judged[] {
  return Array.from({ length: Math.floor(tokens / length) }, (_unused, window) => {
    const own = Array.from({ length }, (_token, index) => ids[window * length + index] ?? 0);
    return {
      ids: own,
      judge: async (forward, x, { losses }) => {
        losses.push(await meanLoss(forward, x, own));
      },
    };
  });
}

async function meanLoss(forward: ForwardPass, x: FloatTensor, ids: readonly number[]): Promise<number> {
  const targets = ids.slice(1);
  const hidden = floatsOf(x).subarray(0, targets.length * forward.model.architecture.hiddenSize);
  const losses = await forward.tokenLosses(hidden, targets);
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

/**
 * Sequences of associative recall of at most `length` tokens, all as long as the shortest so that the same programs run
 * them; none where the vocabulary or the length has no room for a question.
 */
export function judgedQuestions(reader: ProbeReader, length: number, seed: number, reporter: Reporter): Judged[] {
  let sequences: ProbeSequence[];
  try {
    sequences = Array.from({ length: recallSequences }, (_unused, index) => mqar.build(reader, length, seed + index));
  } catch (error) {
    if (!(error instanceof SubquadError)) throw error;
    reporter.note(`recall is not measured: ${error.message}`);
    return [];
  }
  const shortest = Math.min(...sequences.map(({ ids }) => ids.length));
  return sequences.map(({ ids: all, answers }) => {
    const ids = all.slice(0, shortest);
    const asked = answers.filter(({ start, length: tokens }) => start + tokens <= shortest);
    return {
      ids,
      judge: async (forward, x, into) => {
        into.answers.push(await scoreStream(forward, x, { ids, answers: asked }));
      },
    };
  });
}

/** Judges all models on all sequences. Rejects with the signal's reason once it is aborted. */
export async function measureLayers(plan: Sweep, judged: readonly Judged[], reporter: Reporter): Promise<Found> {
  const { teacher, student, layers, signal } = plan;
  const count = teacher.model.mixers.length;
  const empty = (): Measured => ({ losses: [], answers: [] });
  const exchanged = new Map(layers.map((layer) => [layer, empty()] as const));
  const found: Found = { teacher: empty(), linearized: empty(), layers: exchanged };
  const progress = reporter.stage("probe", { steps: judged.length * (sweptBlocks(count, layers) + count) });
  let done = 0;
  const onBlock = () => progress.update({ done: ++done });
  try {
    for (const { ids, judge } of judged) {
      for await (const { layer, x } of sweep({ ...plan, onBlock }, ids)) {
        const into = layer === undefined ? found.teacher : exchanged.get(layer);
        if (into !== undefined) await judge(teacher, x, into);
      }
      const x = await student.hidden({ ids, batch: 1, length: ids.length }, () => signal?.throwIfAborted());
      done += count;
      progress.update({ done });
      await judge(student, x, found.linearized);
    }
  } finally {
    progress.end();
  }
  return found;
}

const finite = (value: number) => (Number.isFinite(value) ? value : null);

/** The mean loss of a model, in nats per token. */
export function meanLossOf({ losses }: Measured): number {
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

/** The mean log probability of the answers to associative recall, in nats per token. */
export function meanRecallOf({ answers }: Measured): number {
  return sumOf(answers, ({ logProbability }) => logProbability) / sumOf(answers, (sums) => sums.answers);
}

function sumOf(answers: readonly AnswerSums[], of: (sums: AnswerSums) => number): number {
  return answers.reduce((total, sums) => total + of(sums), 0);
}

/** A model's figures as the document has them. */
export function figuresOf(measured: Measured): ProbeDocument["teacher"] {
  const { answers } = measured;
  return {
    perplexity: finite(Math.exp(meanLossOf(measured))),
    recall: finite(sumOf(answers, ({ exact }) => exact) / sumOf(answers, (sums) => sums.answers)),
    recall_log_probability: finite(meanRecallOf(measured)),
  };
}
