/** What a model's work needs in memory, announced before it begins. */
import { totalmem } from "node:os";
import {
  type Architecture,
  type Block,
  blockOf,
  layerShapes,
  layerSizes,
  type Mlp,
  modelShapes,
  parameterCount,
  valuesIn,
} from "../families/index.ts";
import { bytesOf } from "../graph/index.ts";
import { replacedLayers, type Shaped } from "../inference/model.ts";
import { mixerParameters, stateLayout } from "../mixers/index.ts";
import { partsState } from "../model/layer-state.ts";
import type { EndToEndStage, LayerwiseStage, Stage } from "../recipes/index.ts";
import { logitBytes } from "../training/stack.ts";
import { activationsOf, recomputedLayers, rememberedPasses } from "./stages.ts";
import { endsOf, rolesOf } from "./trained.ts";

/** Bytes of Node, the engine and the compiled programs, measured on a model of no size. */
const baseBytes = 220 * 2 ** 20;
/** Values one block computes at once beside its inputs and outputs, in streams of the hidden size per token. */
const transferTemporaries = 40;
/** The same, more, where products are in 8 bits: operands are scaled and rounded first. */
const quantizedTemporaries = 120;
/** The head's loss: logits, chances and what the engine makes of them. */
const headBytes = 3 * logitBytes;

/** Bytes of the weights in float32. */
export function weightBytes(architecture: Architecture): number {
  return 4 * parameterCount(architecture);
}

/** State of one sequence in layers that forget, and what each token adds in layers that do not. */
export function stateBytes({ architecture, mixers }: Shaped): { perSequence: number; perToken: number } {
  let [perSequence, perToken] = [0, 0];
  for (const [layer, { spec }] of mixers.entries()) {
    const block = blockOf(architecture, layer);
    const mixer = (length: number) => stateLayout(spec, layerSizes(block, 1, length));
    const parts = (length: number) => partsState(block, { batch: 1, capacity: length });
    for (const state of [mixer, parts]) {
      const at = (length: number) => Object.values(state(length)).reduce((sum, type) => sum + bytesOf(type), 0);
      // A state that grows with the longest sequence is a cache of keys and values.
      const growth = at(1025) - at(1024);
      perToken += growth;
      perSequence += growth > 0 ? 0 : at(1);
    }
  }
  return { perSequence, perToken };
}

/** Bytes of the mixers that have taken the place of others; a layer's own is among its weights. */
function mixerBytes(model: Shaped): number {
  const { architecture, mixers } = model;
  const shapesOf = (layer: number) => {
    const spec = mixers[layer]?.spec;
    const parameters = spec === undefined ? {} : mixerParameters(spec, layerSizes(blockOf(architecture, layer)));
    return new Map(Object.entries(parameters).map(([name, { shape }]) => [name, shape]));
  };
  return replacedLayers(model).reduce((total, layer) => total + 4 * valuesIn(shapesOf(layer)), 0);
}

/** Parameters, their gradient and AdamW's two moments, old and new. */
const optimizerCopies = 7;

/** Bytes that a stage's own training of the model's weights takes: their gradients and moments, old and new. */
function learningWeightBytes({ architecture }: Shaped, stage: Stage): number {
  const bytes = (shapes: ReadonlyMap<string, readonly number[]>, roles: readonly string[]) =>
    roles.reduce((sum, role) => sum + 4 * (shapes.get(role) ?? []).reduce((a, b) => a * b, 1), 0);
  const blocks = architecture.blocks.reduce((sum, block) => sum + bytes(layerShapes(block), rolesOf(stage, block)), 0);
  return (optimizerCopies - 1) * (blocks + bytes(modelShapes(architecture), endsOf(stage, architecture)));
}

/** Bytes of frozen matrices in 8 bits beside those in float32, by how many copies a stage has of the blocks'. */
function quantizedBytes({ architecture }: Shaped, { frozen_products }: Pick<Stage, "frozen_products">, copies: number) {
  if (frozen_products === "float32") return 0;
  const { vocabularySize, hiddenSize } = architecture;
  const head = vocabularySize * hiddenSize;
  const blocks = parameterCount(architecture) - head;
  return copies * blocks + (copies > 1 ? head : 0);
}

/** Values of a token inside an MLP: all experts are evaluated. */
const mlpWidths = (mlp: Mlp | undefined): number =>
  mlp === undefined ? 0 : (mlp.gated ? 3 : 2) * mlp.size * (mlp.experts?.count ?? 1);

/** The largest block at work on so many tokens. */
function blockBytes({ blocks }: Architecture, tokens: number, temporaries: number): number {
  const widths = blocks.map(({ hiddenSize, mlp }) => temporaries * hiddenSize + mlpWidths(mlp));
  return 4 * tokens * Math.max(...widths);
}

/** Peak memory of attention transfer: weights, mixers with their optimizer, one block at work. */
export function transferMemory(model: Shaped, stage: LayerwiseStage): number {
  const attention = ({ heads, groups, headDim }: Block) => 2 * (heads + groups) * headDim;
  const tokens = stage.batch * stage.length;
  const block = blockBytes(model.architecture, tokens, transferTemporaries);
  const pass = 4 * tokens * model.architecture.blocks.reduce((sum, each) => sum + attention(each), 0);
  const kept = rememberedPasses(stage) * pass;
  const weights = weightBytes(model.architecture) + quantizedBytes(model, stage, 1);
  return baseBytes + weights + optimizerCopies * mixerBytes(model) + learningWeightBytes(model, stage) + block + kept;
}

/** Peak memory of finetuning: weights, activations as the stage's plan keeps them, the head. */
export function finetuneMemory(model: Shaped, stage: EndToEndStage): number {
  const layers = model.mixers.length;
  const perLayer = activationsOf(stage, model);
  const recomputed = recomputedLayers(stage, model);
  const activations = (layers - recomputed) * perLayer.saved + recomputed * perLayer.recomputed;
  const temporaries = 2 * transferTemporaries + (stage.frozen_products === "float32" ? 0 : quantizedTemporaries);
  const block = blockBytes(model.architecture, stage.batch * stage.length, temporaries);
  // The forward products' integers and the backward ones'.
  const weights = weightBytes(model.architecture) + quantizedBytes(model, stage, 2);
  return baseBytes + weights + mixerBytes(model) + learningWeightBytes(model, stage) + activations + block + headBytes;
}

/** Memory of the comparison with the teacher that ends a conversion, in windows of `length`. */
export function comparisonMemory(model: Shaped, length: number): number {
  const block = blockBytes(model.architecture, length, transferTemporaries);
  return baseBytes + weightBytes(model.architecture) + mixerBytes(model) + block + headBytes;
}

/** Peak memory of a stage of any kind. */
export function stageMemory(model: Shaped, stage: Stage): number {
  return stage.kind === "layerwise" ? transferMemory(model, stage) : finetuneMemory(model, stage);
}

/** Memory of generating with one sequence. */
export function decodeMemory(model: Shaped): number {
  const { perSequence, perToken } = stateBytes(model);
  const softmaxTokens = Math.min(model.architecture.context, 4096);
  return baseBytes + weightBytes(model.architecture) + mixerBytes(model) + 3 * (perSequence + perToken * softmaxTokens);
}

/** The machine's memory. */
export function machineMemory(): number {
  return totalmem();
}
