/** Programs of decoding: a whole model for one token, and one layer for a chunk of a prompt, with states in and out. */
import { type Architecture, type Block, blockOf, layerShapes, layerSizes, modelShapes } from "../families/index.ts";
import {
  cachedAttention,
  input,
  multiply,
  type Program,
  program,
  reshape,
  type TensorType,
  type Value,
} from "../graph/index.ts";
import { anglesOf, chunked, type MixerSpec, stateLayout, step } from "../mixers/index.ts";
import { type AttentionInputs, attentionInputs, blockOutput } from "./block.ts";
import { embedded, finalStates, logitsOf } from "./ends.ts";
import { type Ablation, blockInputs, branchFactors, mixerInputs } from "./mixer-block.ts";
import { denseProjection, weightInputs } from "./projection.ts";

/** The sizes decoding programs are built for. */
export interface DecodeSizes {
  /** Sequences that advance together. */
  readonly batch: number;
  /** Places of the key and value buffers of layers that keep every token; no matter where no layer does. */
  readonly capacity: number;
}

/** The tensors a layer carries from token to token, by name; all zeros before the first. */
export interface LayerState {
  readonly tensors: Readonly<Record<string, TensorType>>;
  /** `buffer`: every token's keys and values from the first place on, updated in place. `carried`: read, and written anew. */
  readonly kind: "buffer" | "carried";
}

/** True for plain softmax attention, whose state is a buffer of all keys and values. */
export function keepsEverything(spec: MixerSpec): boolean {
  const { causal, window, state, cap, convolution, local, outputNorm, outputGate } = spec;
  const plain = causal && window?.kind === "full" && !window.sinks && !window.decay && !window.store;
  return plain && !state && !cap && !convolution && !local && !outputNorm && !outputGate;
}

/** What a layer carries, without the count of tokens that all layers share. */
export function layerState(block: Block, spec: MixerSpec, { batch, capacity }: DecodeSizes): LayerState {
  const { seen: _shared, ...tensors } = stateLayout(spec, layerSizes(block, batch, capacity));
  return { tensors, kind: keepsEverything(spec) ? "buffer" : "carried" };
}

/** A mixer's outputs with the state after it. */
interface Mixed {
  readonly output: Value;
  readonly state: Readonly<Record<string, Value>>;
}

interface Call {
  readonly spec: MixerSpec;
  readonly parameters: Readonly<Record<string, Value>>;
  readonly state: Readonly<Record<string, Value>>;
  readonly seen: Value;
  /** Real tokens of a padded chunk; absent for a single token. */
  readonly count?: Value;
  readonly ablation: Ablation;
}

function mix(pieces: AttentionInputs, call: Call): Mixed {
  const { output, state } = mixWhole(pieces, call);
  return { output: multiply(output, call.ablation.output ?? 1), state };
}

function mixWhole(pieces: AttentionInputs, { spec, parameters, state, seen, count, ablation }: Call): Mixed {
  const { keys, values } = state;
  if (keepsEverything(spec) && keys !== undefined && values !== undefined) {
    // Padding is written behind the real tokens, where no query sees it and the next call overwrites it.
    const scale = spec.scale ?? (pieces.queries.shape[3] ?? 1) ** -0.5;
    const attended = cachedAttention(pieces, { keys, values, seen }, { scale });
    return { output: attended.output, state: { keys: attended.keys, values: attended.values } };
  }
  const inputs = { ...pieces, parameters, state: { ...state, seen }, ablation: branchFactors(spec, ablation) };
  const result = count === undefined ? step(spec, inputs) : chunked(spec, { ...inputs, count });
  const { seen: _shared, ...next } = result.state ?? {};
  return { output: result.output, state: next };
}

function stateInputs(layer: LayerState, prefix: string): Record<string, Value> {
  const entries = Object.entries(layer.tensors);
  return Object.fromEntries(entries.map(([name, { shape, dtype }]) => [name, input(prefix + name, shape, dtype)]));
}

/** The step program's name of a rotary table. */
export const stepAngle = (rope: number, table: string): string => `angles.${rope}.${table}`;

/**
 * One token through the whole model: `ids` int64 `[batch]`, `seen` int64 `[batch]` (tokens before this one), `angles.R.cos`,
 * `angles.R.sin` `[1, dim/2]` of its position by each rotary setting, the ends' weights by role (no `head` where the embedding is the head), `layers.N.ROLE`,
 * `layers.N.mixer.NAME` and `state.N.NAME` → `logits` `[batch, vocabulary]` and `next.N.NAME`.
 */
export function stepProgram(
  architecture: Architecture,
  specs: readonly MixerSpec[],
  sizes: DecodeSizes,
  ablation: Ablation = {},
): Program {
  const { batch } = sizes;
  const ends = weightInputs(modelShapes(architecture));
  const angles = architecture.ropes.map(({ pairs }, rope) =>
    anglesOf((name) => input(stepAngle(rope, name), [1, pairs])),
  );
  const seen = input("seen", [batch], "int64");
  const ids = reshape(input("ids", [batch], "int64"), [batch, 1]);
  let x = embedded({ ids, positions: reshape(seen, [batch, 1]) }, ends, architecture);
  const outputs: Record<string, Value> = {};
  specs.forEach((spec, layer) => {
    const block = blockOf(architecture, layer);
    const turned = angles[block.rope];
    if (turned === undefined) throw new RangeError(`the model has no rotary settings ${block.rope}`);
    const weights = weightInputs(layerShapes(block), `layers.${layer}.`);
    const project = denseProjection(weights);
    const pieces = attentionInputs(x, weights, project, turned, block, spec.rope);
    const parameters = mixerInputs(spec, block, `layers.${layer}.mixer.`);
    const state = stateInputs(layerState(block, spec, sizes), `state.${layer}.`);
    const mixed = mix(pieces, { spec, parameters, state, seen, ablation });
    for (const [name, value] of Object.entries(mixed.state)) outputs[`next.${layer}.${name}`] = value;
    x = blockOutput(x, mixed.output, pieces, weights, project, block);
  });
  const values = architecture.tiedHead ? { ...ends, head: ends.embedding } : ends;
  const states = finalStates(reshape(x, [batch, -1]), values, architecture);
  return program({ logits: logitsOf(states, values, architecture), ...outputs });
}

/**
 * A chunk of a prompt through one layer: `x` `[batch, length, hidden]`, `cos`, `sin` of its positions, `seen` int64
 * `[batch]` (tokens before the chunk), `count` int64 `[batch]` (real tokens; the rest is padding on the right), weights by
 * role, `mixer.NAME` and `state.NAME` → `y` and `next.NAME`, the state after the real tokens.
 */
export function prefillProgram(
  block: Block,
  spec: MixerSpec,
  length: number,
  sizes: DecodeSizes,
  ablation: Ablation = {},
): Program {
  const { batch } = sizes;
  const { x, angles } = blockInputs(block, batch, length);
  const weights = weightInputs(layerShapes(block));
  const project = denseProjection(weights);
  const pieces = attentionInputs(x, weights, project, angles, block, spec.rope);
  const mixed = mix(pieces, {
    spec,
    parameters: mixerInputs(spec, block),
    state: stateInputs(layerState(block, spec, sizes), "state."),
    seen: input("seen", [batch], "int64"),
    count: input("count", [batch], "int64"),
    ablation,
  });
  const outputs: Record<string, Value> = { y: blockOutput(x, mixed.output, pieces, weights, project, block) };
  for (const [name, value] of Object.entries(mixed.state)) outputs[`next.${name}`] = value;
  return program(outputs);
}
