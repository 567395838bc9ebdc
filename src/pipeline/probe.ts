/** `probe`: what each layer loses when it alone is linearized, and which layers to keep as softmax. */
import { SubquadError } from "../errors.ts";
import { type Architecture, type Block, blockOf, layerSizes } from "../families/index.ts";
import { bytesOf } from "../graph/index.ts";
import { ForwardPass } from "../inference/forward.ts";
import { type MixerSpec, sameMixer, stateLayout } from "../mixers/index.ts";
import { createEngine } from "../runtime/index.ts";
import type { ProbeDocument, ProbeMeasure, ProbeOptions, Verb } from "./contract.ts";
import { requireSoftmax } from "./conversion.ts";
import { requireDecoder } from "./decoding.ts";
import { comparedLengths } from "./evaluate.ts";
import { openModel } from "./open-model.ts";
import { linearizedLayers } from "./probe/linearized.ts";
import {
  type Found,
  figuresOf,
  judgedQuestions,
  judgedWindows,
  type Measured,
  meanLossOf,
  meanRecallOf,
  measureLayers,
} from "./probe/measure.ts";
import { type LayerBytes, planLayers, requireRoom } from "./probe/plan.ts";
import { defaultThreads } from "./threads.ts";
import { evaluationText, type TrainingText, trainingText } from "./training-text.ts";

/** Measures the teacher with one layer after another linearized, and plans for a memory where one is given. */
export const probe: Verb<ProbeOptions, ProbeDocument> = async (options, context) => {
  const { reporter, signal } = context;
  const { memory, by = "perplexity" } = options;
  const teacher = await openModel(options.model, { tokenizer: options.tokenizer, family: options.family, reporter });
  requireSoftmax(teacher);
  requireDecoder(teacher);
  const { architecture } = teacher.model;
  let read: Promise<TrainingText> | undefined;
  // Only where layers are trained, or measured on what is held out.
  const text = () => {
    read ??= trainingText(options.text, teacher);
    return read;
  };
  const { recipe, specs, model } = await linearizedLayers(teacher, options, { text, context });
  const targetLength = options.targetLength ?? architecture.context;
  const sizes = layerBytes(specs, architecture, targetLength);
  const layers = specs.flatMap((spec, layer) => (sameMixer(spec, blockOf(architecture, layer).mixer) ? [] : [layer]));
  // Told before any training.
  if (memory !== undefined) requireRoom(sizes, memory, targetLength);
  const ids =
    options.testText === undefined ? (await text()).heldOut.ids : await evaluationText(options.testText, teacher);
  const scored = Math.min(ids.length, options.maxTokens);
  const length = options.testLength ?? comparedLengths(teacher.model, scored).at(-1) ?? scored;
  const longest = Math.min(scored, architecture.context);
  if (length < 2 || length > longest) {
    throw new SubquadError(
      `--test-length: a window of ${length} tokens is none of 2 to ${longest}, as far as text and teacher reach`,
    );
  }
  const windows = judgedWindows(ids, length, scored);
  const questions = judgedQuestions(teacher.tokenizer, length, options.seed ?? 0, reporter);
  if (questions.length === 0 && by === "recall") throw new SubquadError("--by recall: recall cannot be measured here");
  const trained = await model();
  const engine = createEngine({ threads: options.threads ?? defaultThreads() });
  try {
    const passes = { teacher: new ForwardPass(engine, teacher.model), student: new ForwardPass(engine, trained) };
    const found = await measureLayers({ ...passes, layers, signal }, [...windows, ...questions], reporter);
    return {
      ...{ model: options.model, recipe, length, tokens: windows.length * (length - 1), target_length: targetLength },
      ...figures(found, sizes),
      plan: memory === undefined ? null : planFor({ memory, by }, found, sizes),
    };
  } finally {
    await engine.release();
  }
};

/** What each layer keeps of one sequence of `length` tokens. */
function layerBytes(specs: readonly MixerSpec[], architecture: Architecture, length: number): LayerBytes[] {
  const bytes = (spec: MixerSpec, block: Block) =>
    Object.values(stateLayout(spec, layerSizes(block, 1, length))).reduce((sum, type) => sum + bytesOf(type), 0);
  return specs.map((spec, layer) => {
    const block = blockOf(architecture, layer);
    return {
      layer,
      kvBytes: bytes(block.mixer, block),
      stateBytes: sameMixer(spec, block.mixer) ? undefined : bytes(spec, block),
    };
  });
}

const unmeasured = { perplexity: null, recall: null, recall_log_probability: null };

function figures(found: Found, sizes: readonly LayerBytes[]): Pick<ProbeDocument, "teacher" | "linearized" | "layers"> {
  const teacher = figuresOf(found.teacher);
  const beside = (own: ProbeDocument["teacher"]) => ({
    ...own,
    ratio: own.perplexity === null || teacher.perplexity === null ? null : own.perplexity / teacher.perplexity,
  });
  const layers = sizes.map(({ layer, kvBytes, stateBytes }) => {
    const measured = found.layers.get(layer);
    const own = beside(measured === undefined ? unmeasured : figuresOf(measured));
    return { layer, ...own, kv_bytes: kvBytes, state_bytes: stateBytes ?? null };
  });
  return { teacher, linearized: beside(figuresOf(found.linearized)), layers };
}

function planFor(
  { memory, by }: { readonly memory: number; readonly by: ProbeMeasure },
  found: Found,
  sizes: readonly LayerBytes[],
): ProbeDocument["plan"] {
  const lossOf = (measured: Measured) => meanLossOf(measured) - meanLossOf(found.teacher);
  const recallLossOf = (measured: Measured) => meanRecallOf(found.teacher) - meanRecallOf(measured);
  const losses = new Map(
    [...found.layers].map(([layer, measured]) => {
      const loss = by === "recall" ? recallLossOf(measured) : lossOf(measured);
      // A layer that breaks the model loses more than any other.
      return [layer, Number.isNaN(loss) ? Number.POSITIVE_INFINITY : loss];
    }),
  );
  const { softmax, bytes } = planLayers(sizes, losses, memory);
  const linearized = [...found.layers].filter(([layer]) => !softmax.includes(layer));
  const ratio = Math.exp(linearized.reduce((sum, [, measured]) => sum + lossOf(measured), 0));
  return {
    softmax: [...softmax],
    setting: softmax.length === 0 ? "layers=all" : `layers.softmax=[${softmax.join(",")}]`,
    ...{ bytes, memory, by },
    expected_ratio: Number.isFinite(ratio) ? ratio : null,
  };
}
