/** `pretrain`: a small softmax transformer from nothing, as the built-in model was made. */

import { createHash } from "node:crypto";
import { join } from "node:path";
import { SubquadError } from "../errors.ts";
import { familyNamed, parameterCount } from "../families/index.ts";
import { byteTokenizer } from "../formats/tokenizer/bytes.ts";
import { loadTokenizer } from "../formats/tokenizer/files.ts";
import { ownMixers } from "../inference/model.ts";
import { parseMixer, softmaxSpec } from "../mixers/index.ts";
import { loadPretrainRecipe, type PretrainRecipe } from "../recipes/index.ts";
import { createEngine, peakProcessMemory } from "../runtime/index.ts";
import { openCheckpoint } from "../training/checkpoint.ts";
import { DataOrder } from "../training/data-order.ts";
import { heldOutWindows } from "../training/held-out.ts";
import { type LoopResult, train } from "../training/loop.ts";
import { PretrainTrainee } from "../training/pretrain.ts";
import type { PretrainDocument, PretrainOptions, Verb } from "./contract.ts";

import { removeCheckpoints, requireSame, stageDocument } from "./run-stages.ts";
import { saveModel, writeJson } from "./save-model.ts";
import { loopSettings, optimizerSettings } from "./stages.ts";
import { defaultThreads } from "./threads.ts";
import { trainingText } from "./training-text.ts";
import { versions } from "./versions.ts";

/** Seconds of work between checkpoints. */
const checkpointSeconds = 60;
/** Held-out tokens the model is judged by while it learns. */
const heldOutTokens = 32768;

/** The configuration of the model a recipe describes, as Hugging Face spells it. */
export function pretrainConfig(
  { architecture: a }: PretrainRecipe,
  endOfText: number | undefined,
): Record<string, unknown> {
  return {
    architectures: ["LlamaForCausalLM"],
    model_type: "llama",
    vocab_size: a.vocabulary,
    hidden_size: a.hidden,
    intermediate_size: a.intermediate,
    num_hidden_layers: a.layers,
    num_attention_heads: a.heads,
    num_key_value_heads: a.kv_heads,
    head_dim: a.head_dim,
    max_position_embeddings: a.context,
    rms_norm_eps: a.norm_epsilon,
    rope_theta: a.rope_theta,
    tie_word_embeddings: a.tied_embeddings,
    hidden_act: "silu",
    dtype: "float16",
    ...(endOfText === undefined ? {} : { eos_token_id: endOfText }),
  };
}

/** Trains the recipe's model and writes it in half precision. */
export const pretrain: Verb<PretrainOptions, PretrainDocument> = async (options, context) => {
  const began = performance.now();
  const recipe = await loadPretrainRecipe(options.recipe, options);
  const tokenizer = options.tokenizer === undefined ? byteTokenizer() : await loadTokenizer(options.tokenizer);
  const config = pretrainConfig(recipe, tokenizer.endOfText);
  const family = await familyNamed("llama");
  const architecture = family.config.parse(config);
  if (tokenizer.vocabularySize > architecture.vocabularySize) {
    throw new SubquadError(
      `${options.recipe}: its vocabulary of ${architecture.vocabularySize} is smaller than the tokenizer's ${tokenizer.vocabularySize}`,
    );
  }
  const paths = options.text ?? recipe.text;
  const engine = createEngine({ threads: options.threads ?? defaultThreads() });
  const folder = join(options.output, "checkpoint");
  const checkpoint = join(folder, "stage.safetensors");
  const fingerprint = createHash("sha256")
    .update(JSON.stringify([recipe, paths]))
    .digest("hex");
  if (options.resume !== true) removeCheckpoints(folder);
  const resumed = openCheckpoint(checkpoint);
  if (resumed !== undefined) requireSame(resumed.progress.fingerprint, fingerprint, folder);
  const finished: LoopResult[] = [...(resumed?.progress.finished ?? [])];
  let trainee: PretrainTrainee | undefined;
  try {
    for (const [index, stage] of recipe.stages.entries()) {
      if (index < finished.length) continue;
      const { book_share: bookShare, drill_share: drillShare } = stage.corpus;
      const corpus = { length: stage.length, tokens: stage.tokens, bookShare, drillShare };
      const text = await trainingText(paths, { tokenizer, chatTemplate: undefined }, corpus);
      trainee = new PretrainTrainee(
        engine,
        {
          architecture,
          mixer: recipe.window === null ? softmaxSpec : parseMixer({ window: { kind: "slide", size: recipe.window } }),
          batch: stage.batch,
          length: stage.length,
          optimizer: optimizerSettings(stage),
          seed: recipe.seed,
          deviation: recipe.initial_deviation,
          start: recipe.start,
          heldOut: heldOutWindows(text.heldOut, stage.length, heldOutTokens, stage.batch),
        },
        trainee,
      );
      const progress = context.reporter.stage(stage.name, { tokens: stage.tokens });
      const next = recipe.stages[index + 1]?.name;
      try {
        const result = await train(
          trainee,
          loopSettings(stage),
          new DataOrder(text.train, stage.length, recipe.seed),
          {
            signal: context.signal,
            progress: ({ tokens, loss, tokensPerSecond }) => progress.update({ done: tokens, loss, tokensPerSecond }),
          },
          { path: checkpoint, fingerprint, every: checkpointSeconds, finished, ...(next !== undefined && { next }) },
          resumed?.progress.stage === stage.name ? resumed : undefined,
        );
        finished.push(result);
      } finally {
        progress.end();
      }
    }
    if (trainee === undefined) throw new SubquadError(`${options.output}: every stage has ended already`);
    const generation = tokenizer.endOfText === undefined ? undefined : { eos_token_id: tokenizer.endOfText };
    const model = { architecture, weights: trainee.weights(), mixers: ownMixers(architecture) };
    await saveModel(options.output, { family, config, generation, model, tokenizer, dtype: "F16" });
    const document: PretrainDocument = {
      output: options.output,
      recipe: recipe.name,
      parameters: parameterCount(architecture),
      seconds: (performance.now() - began) / 1000,
      peak_memory_bytes: peakProcessMemory(),
      stages: finished.map((result) => stageDocument(result)),
    };
    await writeJson(join(options.output, "report.json"), { ...document, settings: recipe, versions: versions() });
    removeCheckpoints(folder);
    return document;
  } finally {
    resumed?.close();
    await engine.release();
  }
};
