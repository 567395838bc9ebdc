/** The recall part of `evaluate`: probes of long context on the model, its teacher and its ablations. */
import { basename, extname } from "node:path";
import { SubquadError } from "../errors.ts";
import { keyValues } from "../evaluation/recall/key-values.ts";
import { measureSequence } from "../evaluation/recall/measure.ts";
import { mqar } from "../evaluation/recall/mqar.ts";
import { needleProbe } from "../evaluation/recall/needle.ts";
import { phoneBook } from "../evaluation/recall/phone-book.ts";
import type { RecallProbe } from "../evaluation/recall/probe.ts";
import { questionProbe, readQuestions } from "../evaluation/recall/question-file.ts";
import { regressionProbe } from "../evaluation/recall/regression.ts";
import { type ProbeScore, type RecallFigure, recallFigures } from "../evaluation/recall/rows.ts";
import type { Tokenizer } from "../formats/tokenizer/tokenizer.ts";
import { Decoder } from "../inference/decoder.ts";
import type { Engine } from "../runtime/index.ts";
import { loadBooks } from "./built-in/corpus.ts";
import type { Context, EvaluateDocument, EvaluateOptions } from "./contract.ts";
import { figures, type Variant, type VariantName } from "./variants.ts";

/** Names of the probes, for `--recall`. */
export const recallNames: readonly string[] = ["mqar", "phone-book", "key-values", "needle", "regression"];

/** Lengths measured where none are given, as far as the model's context reaches. */
const defaultLengths = [512, 2048, 8192];

/** Sequences of each probe and length where nothing else is said. */
const defaultSamples = 4;

/** Characters of the built-in texts that are hay: enough for the longest sequences to begin anywhere. */
const builtInHay = 400_000;

/** What is measured, and how often. */
export interface RecallPlan {
  readonly probes: readonly RecallProbe[];
  readonly lengths: readonly number[];
  /** Sequences of each probe and length. */
  readonly samples: number;
  readonly seed: number;
}

/** What a plan is made from. */
export interface RecallSource {
  readonly tokenizer: Tokenizer;
  /** Tokens of the user's text, or undefined for the built-in ones. */
  readonly hay: ArrayLike<number> | undefined;
  /** Tokens of the model's context. */
  readonly context: number;
}

/** The probes that the options name; undefined where they name none. Throws a SubquadError for an unknown one. */
export async function planRecall(options: EvaluateOptions, source: RecallSource): Promise<RecallPlan | undefined> {
  const names = options.recall ?? [];
  const files = options.recallData ?? [];
  if (names.length + files.length === 0) return undefined;
  const { tokenizer, context } = source;
  const named = namedProbes("--recall", names, source, options.needleLength);
  const read = await Promise.all(
    files.map(async (path) => questionProbe(basename(path, extname(path)), tokenizer, await readQuestions(path))),
  );
  const reached = defaultLengths.filter((length) => length <= context);
  return {
    probes: [...named, ...read],
    lengths: options.recallLengths ?? (reached.length > 0 ? reached : [context]),
    samples: options.recallSamples ?? defaultSamples,
    seed: options.seed ?? 0,
  };
}

/** Probes by their names, in their own order; `all` names every one. Throws a SubquadError for an unknown name. */
export function namedProbes(
  where: string,
  names: readonly string[],
  source: Omit<RecallSource, "context">,
  needleLength?: number,
): RecallProbe[] {
  const unknown = names.find((name) => name !== "all" && !recallNames.includes(name));
  if (unknown !== undefined) {
    throw new SubquadError(`${where}: there is no probe "${unknown}"; there are ${recallNames.join(", ")}, and all`);
  }
  const wanted = names.includes("all") ? recallNames : names;
  return recallNames.filter((name) => wanted.includes(name)).flatMap((name) => probesOf(name, source, needleLength));
}

function probesOf(
  name: string,
  { tokenizer, hay }: Omit<RecallSource, "context">,
  needleLength: number | undefined,
): RecallProbe[] {
  if (name === "mqar") return [mqar];
  if (name === "phone-book") return [phoneBook];
  if (name === "key-values") return [keyValues];
  if (name === "regression") return [regressionProbe(1), regressionProbe(2)];
  const text = hay ?? tokenizer.encode(loadBooks()["held-out"].texts.join("\n").slice(0, builtInHay));
  return [needleProbe(text, needleLength)];
}

/** A probe at one length. */
interface Work {
  readonly probe: RecallProbe;
  readonly length: number;
  readonly sequences: number;
  /** Every variant's figures, in the same order. */
  readonly measured: Map<VariantName, readonly RecallFigure[]>;
}

/** Runs a plan. A teacher is not asked beyond its own context. */
export async function measureRecall(
  engine: Engine,
  { probes, lengths, samples, seed }: RecallPlan,
  compared: { readonly variants: readonly Variant[]; readonly tokenizer: Tokenizer; readonly context: Context },
): Promise<EvaluateDocument["recall"]> {
  const { variants, tokenizer, context } = compared;
  const work = probes.flatMap((probe) =>
    (probe.lengths?.(lengths) ?? lengths).map((length): Work => {
      const sequences = Math.min(samples, probe.sequences ?? samples);
      return { probe, length, sequences, measured: new Map() };
    }),
  );
  const teacher = variants.find(({ name }) => name === "teacher")?.model;
  const beyond = ({ length }: Work) => teacher !== undefined && length > teacher.architecture.context;
  const runs = variants.map((variant) => ({
    variant,
    own: work.filter((each) => variant.name !== "teacher" || !beyond(each)),
  }));
  const tokens = runs.reduce(
    (sum, { own }) => sum + own.reduce((all, each) => all + each.length * each.sequences, 0),
    0,
  );
  const progress = context.reporter.stage("recall", { tokens });
  let before = 0;
  try {
    for (const { variant, own } of runs) {
      const decoder = new Decoder(engine, variant.model, { ablation: variant.ablation });
      for (const { probe, length, sequences, measured } of own) {
        const scores: ProbeScore[] = [];
        for (let index = 0; index < sequences; index++) {
          const sequence = probe.build(tokenizer, length, seed * samples + index);
          const onTokens = (done: number) => progress.update({ done: before + done });
          scores.push(...(await measureSequence(decoder, tokenizer, sequence, { signal: context.signal, onTokens })));
          before += length;
          progress.update({ done: before });
        }
        measured.set(variant.name, recallFigures(scores));
      }
      // Programs of one variant serve no other.
      await engine.release();
    }
  } finally {
    progress.end();
  }
  return work.flatMap((each) => rowsOf(each, beyond(each)));
}

function rowsOf({ probe, length, measured }: Work, beyond: boolean): EvaluateDocument["recall"] {
  return (measured.get("model") ?? []).map(({ value: _value, ...figure }, row) => {
    const values = [...measured].map(([name, own]) => [name, finite(own[row]?.value)] as const);
    return {
      name: probe.name,
      length,
      ...figure,
      ...figures(Object.fromEntries(values)),
      beyond_teacher_context: beyond,
    };
  });
}

const finite = (value: number | undefined) => (value !== undefined && Number.isFinite(value) ? value : null);
