/** `bench mixers`: time and memory of mixers by length, beside softmax attention. */
import { SubquadError } from "../../errors.ts";
import { type MixerSizes, type MixerSpec, planMixer } from "../../mixers/index.ts";
import { createEngine, type Engine, withMemory } from "../../runtime/index.ts";
import type { BenchMixersDocument, BenchMixersOptions, Context, StageProgress, Verb } from "../contract.ts";
import { defaultThreads } from "../threads.ts";
import { requireWritable, softmax, writePlot } from "./bench-plot.ts";
import { catalogueNames, presetOf } from "./describe.ts";
import { randomFeeds } from "./inputs.ts";
import { type MixerPrograms, mixerPrograms, timeProgram } from "./measure.ts";
import { stateBytesAt } from "./state-size.ts";

type MixerRows = BenchMixersDocument["mixers"][number];
type Row = MixerRows["rows"][number];

/** Doubling the length of a linear mixer doubles its time; above this it does not. */
export const linearRatio = 2.3;

/** The shortest length whose doubling is judged: below it, the fixed cost of a call counts. */
const judgedFrom = 1024;

/** A measurement's runs take at least and at most so many seconds, however few or many they are; so do those of a step. */
const [secondsOfRuns, secondsOfSteps] = [[0.2, 1] as const, [0, 0.05] as const];

/** Steps are short: so many are taken where a program is run once. */
const stepsPerRepeat = 100;

/** A mixer is left where one pass would take longer than this, in seconds. */
const longestPass = 5;

/**
 * Measures presets at each length. Rejects with a SubquadError for an unknown name or a plot that cannot be written, before
 * anything is measured, and with the signal's reason when it is aborted.
 */
export const benchMixers: Verb<BenchMixersOptions, BenchMixersDocument> = async (options, context) => {
  const { threads = defaultThreads(), heads, dim, repeats, seed, memory, output } = options;
  const names = new Set([softmax, ...(options.presets ?? catalogueNames())]);
  const chosen = [...names].map((name) => ({ name, spec: presetOf(name).spec }));
  if (output !== undefined) requireWritable(output);
  const lengths = [...new Set(options.lengths)].toSorted((a, b) => a - b);
  const engine = createEngine({ threads });
  const progress = context.reporter.stage("bench", { steps: chosen.length * lengths.length });
  try {
    const mixers: MixerRows[] = [];
    for (const [place, { name, spec }] of chosen.entries()) {
      const bench = new MixerBench({ ...options, lengths }, engine, context, progress, place * lengths.length);
      mixers.push({ name, ...(await bench.run(spec)) });
    }
    const document = { threads, heads, dim, repeats, seed, memory_ceiling_bytes: memory, output: null, mixers };
    if (output === undefined) return document;
    if (mixers.every(({ rows }) => rows.length === 0)) {
      context.reporter.warn("no plot was written: nothing could be measured");
      return document;
    }
    await writePlot(output, document);
    return { ...document, output };
  } finally {
    progress.end();
    await engine.release();
  }
};

/** One preset at all lengths. */
class MixerBench {
  readonly #options: BenchMixersOptions;
  readonly #engine: Engine;
  readonly #context: Context;
  readonly #progress: StageProgress;
  readonly #before: number;

  constructor(options: BenchMixersOptions, engine: Engine, context: Context, progress: StageProgress, before: number) {
    this.#options = options;
    this.#engine = engine;
    this.#context = context;
    this.#progress = progress;
    this.#before = before;
  }

  async run(spec: MixerSpec): Promise<Omit<MixerRows, "name">> {
    const rows: Row[] = [];
    let form: string | null = null;
    let stopped: string | null = null;
    for (const [place, length] of this.#options.lengths.entries()) {
      this.#context.signal.throwIfAborted();
      stopped = tooLong(length, rows);
      if (stopped !== null) break;
      try {
        const sizes = this.#sizes(length);
        const programs = mixerPrograms(spec, sizes);
        form = programs.form;
        stopped = this.#tooLarge(programs, length, rows.at(-1));
        if (stopped !== null) break;
        rows.push(await this.#row(spec, sizes, programs, rows.at(-1)));
      } catch (error) {
        // One mixer that does not take these sizes must not end the measurement of the others.
        if (!(error instanceof SubquadError)) throw error;
        stopped = `${length} tokens: ${error.message}`;
        break;
      }
      this.#progress.update({ done: this.#before + place + 1 });
    }
    this.#progress.update({ done: this.#before + this.#options.lengths.length });
    return { form, rows, ratios: ratiosOf(rows), stopped: withForm(spec, stopped) };
  }

  #sizes(length: number): MixerSizes {
    const { heads, dim } = this.#options;
    return { batch: 1, heads, groups: heads, length, dim, hidden: heads * dim };
  }

  /** Why a length is not tried: what its tensors would need, as much above their sum as the length before needed. */
  #tooLarge({ tensorBytes }: MixerPrograms, length: number, last: Row | undefined): string | null {
    const { memory } = this.#options;
    const expected = tensorBytes * Math.max(1, (last?.memory_bytes ?? 0) / (last?.tensor_bytes ?? 1));
    if (expected <= memory) return null;
    return `${length} tokens: would need about ${gibibytes(expected)}, and at most ${gibibytes(memory)} are used`;
  }

  async #row(spec: MixerSpec, sizes: MixerSizes, programs: MixerPrograms, last: Row | undefined): Promise<Row> {
    const { forward, backward, tensorBytes } = programs;
    const { repeats, seed } = this.#options;
    const limits = { repeats, seconds: secondsOfRuns };
    const feeds = randomFeeds(backward, { spec, sizes, seed });
    const ahead = await timeProgram(this.#engine, forward, feeds, limits);
    const both = await withMemory(() => timeProgram(this.#engine, backward, feeds, limits));
    const state = stateBytesAt(spec, sizes);
    return {
      length: sizes.length,
      forward_seconds: ahead.seconds,
      backward_seconds: both.result.seconds,
      // A state of the same size takes the same time.
      step_seconds: state === last?.state_bytes ? last.step_seconds : await this.#step(spec, sizes, programs),
      runs: both.result.runs,
      tensor_bytes: tensorBytes,
      // Less means that memory which was free before was used again.
      memory_bytes: both.bytes === null ? null : Math.max(both.bytes, tensorBytes),
      state_bytes: state,
    };
  }

  async #step(spec: MixerSpec, sizes: MixerSizes, { step }: MixerPrograms): Promise<number | null> {
    if (step === undefined) return null;
    const { repeats, seed } = this.#options;
    const feeds = randomFeeds(step, { spec, sizes: { ...sizes, length: 1 }, seed, seen: sizes.length - 1 });
    const limits = { repeats: stepsPerRepeat * repeats, seconds: secondsOfSteps };
    return (await timeProgram(this.#engine, step, feeds, limits)).seconds;
  }
}

/** Why a length is not tried: what it would take, as the rows before it grew; null where it is. */
export function tooLong(length: number, rows: readonly Row[]): string | null {
  const [before, last] = rows.slice(-2);
  if (before === undefined || last === undefined) return null;
  const growth = Math.log(last.backward_seconds / before.backward_seconds) / Math.log(last.length / before.length);
  // At least linear, at most quadratic: more is an accident of the measurement.
  const expected = last.backward_seconds * (length / last.length) ** Math.min(2, Math.max(1, growth));
  if (expected <= longestPass) return null;
  return `${length} tokens: one pass would take about ${Math.round(expected)} s, and at most ${longestPass} s are spent on one`;
}

/** The reason, and that the quadratic form was all there was. */
function withForm(spec: MixerSpec, stopped: string | null): string | null {
  const { chunked } = planMixer(spec, { batch: 1, heads: 1, groups: 1, length: 1, dim: 8, hidden: 8 }).forms;
  return stopped === null || chunked === undefined ? stopped : `${stopped} (quadratic: no chunked form, ${chunked})`;
}

/** Time of twice a length over time of the length, for lengths that were both measured. */
export function ratiosOf(rows: readonly Row[]): MixerRows["ratios"] {
  return rows.flatMap((row) => {
    const twice = rows.find(({ length }) => length === 2 * row.length);
    if (twice === undefined || row.length < judgedFrom) return [];
    const forward = twice.forward_seconds / row.forward_seconds;
    const backward = twice.backward_seconds / row.backward_seconds;
    return [{ length: row.length, forward, backward, above: Math.max(forward, backward) > linearRatio }];
  });
}

const gibibytes = (bytes: number) => `${(bytes / 2 ** 30).toPrecision(2)} GiB`;
