/** What a layer carries from token to token: its mixer's state, and that of the block's own parts. */
import { type Block, layerSizes } from "../families/index.ts";
import { input, type TensorType, type Value } from "../graph/index.ts";
import { type MixerSpec, stateLayout } from "../mixers/index.ts";
import { besideState } from "./beside.ts";
import { shiftState } from "./shift.ts";

/** The sizes decoding programs are built for. */
export interface DecodeSizes {
  /** Sequences that advance together. */
  readonly batch: number;
  /** Places of the key and value buffers of layers that keep every token; no matter where no layer does. */
  readonly capacity: number;
}

/** One tensor of a layer's state; all zeros before the first token. */
export interface StateTensor extends TensorType {
  /** `buffer`: every token's keys or values from the first place on, updated in place. `carried`: read, and written anew. */
  readonly kind: "buffer" | "carried";
}

/** The tensors a layer carries from token to token, by name. */
export type LayerState = Readonly<Record<string, StateTensor>>;

/** True for plain softmax attention, whose state is a buffer of all keys and values. */
export function keepsEverything(spec: MixerSpec): boolean {
  const { causal, window, state, cap, convolution, local, outputNorm, outputGate } = spec;
  const plain = causal && window?.kind === "full" && !window.sinks && !window.decay && !window.store;
  return plain && !state && !cap && !convolution && !local && !outputNorm && !outputGate;
}

function ofKind(kind: StateTensor["kind"], tensors: Readonly<Record<string, TensorType>>): LayerState {
  return Object.fromEntries(Object.entries(tensors).map(([name, type]) => [name, { ...type, kind }]));
}

/** What a layer's mixer carries, without the count of tokens that all layers share. */
export function mixerState(block: Block, spec: MixerSpec, { batch, capacity }: DecodeSizes): LayerState {
  const { seen: _shared, ...tensors } = stateLayout(spec, layerSizes(block, batch, capacity));
  return ofKind(keepsEverything(spec) ? "buffer" : "carried", tensors);
}

/** What a block's own parts carry, whatever its mixer: `beside.NAME` and `shift.SUBLAYER`. */
export function partsState(block: Block, { batch, capacity }: DecodeSizes): LayerState {
  return ofKind("carried", { ...besideState(block, batch, capacity), ...shiftState(block, batch) });
}

/** All that a layer carries, without the count of tokens that all layers share. */
export function layerState(block: Block, spec: MixerSpec, sizes: DecodeSizes): LayerState {
  return { ...mixerState(block, spec, sizes), ...partsState(block, sizes) };
}

/** Inputs for a state's tensors, named behind `prefix`. */
export function stateInputs(state: Readonly<Record<string, TensorType>>, prefix: string): Record<string, Value> {
  const entries = Object.entries(state);
  return Object.fromEntries(entries.map(([name, { shape, dtype }]) => [name, input(prefix + name, shape, dtype)]));
}
