/** What a model remembers of one sequence: the states of its layers, the count of tokens and the latest logits. */
import { type Architecture, blockOf } from "../families/index.ts";
import { bytesPerElement, sameShape } from "../graph/index.ts";
import type { MixerSpec } from "../mixers/index.ts";
import { type LayerState, layerState, type StateTensor } from "../model/layer-state.ts";
import { bytesHeld, type FloatTensor, floats, memoryOf, type Tensor, zeros } from "../runtime/index.ts";

/** What the layout of a state depends on. */
export interface StateModel {
  readonly architecture: Architecture;
  /** The mixer of each layer. */
  readonly mixers: readonly MixerSpec[];
  /** Tells models apart: a saved state is only read by the model it came from. */
  readonly fingerprint: string;
}

/** The tensors of all layers by `LAYER.NAME`. */
export type StateTensors = Readonly<Record<string, Tensor>>;

/** Fewest places of a key and value buffer. */
const smallestCapacity = 256;

/** The recurrent state of one sequence. */
export class SequenceState {
  readonly model: StateModel;
  /** Logits of the token after the latest, `[1, vocabulary]`; meaningless before the first token. */
  readonly logits: FloatTensor;
  #tokens = 0;
  #capacity: number;
  #tensors: StateTensors;
  #spare: StateTensors;

  private constructor(model: StateModel, capacity: number, tensors: StateTensors) {
    this.model = model;
    this.logits = floats([1, model.architecture.vocabularySize]);
    this.#capacity = capacity;
    this.#tensors = tensors;
    this.#spare = spareOf(model, capacity, tensors);
  }

  /** The state before the first token, with room for `tokens` tokens where the model keeps every one. */
  static create(model: StateModel, tokens = 0): SequenceState {
    const capacity = capacityFor(model, tokens);
    return new SequenceState(model, capacity, emptyTensors(model, capacity));
  }

  /** Tokens the state has taken in. */
  get tokens(): number {
    return this.#tokens;
  }

  /** Places of the key and value buffers; 0 where the size of the state does not depend on the length. */
  get capacity(): number {
    return this.#capacity;
  }

  /** The tensors as they are now. */
  get tensors(): StateTensors {
    return this.#tensors;
  }

  /** Where a program writes the next ones: buffers that are updated in place are the same tensors. */
  get spare(): StateTensors {
    return this.#spare;
  }

  /** Bytes of the sequence's tensors, whatever their use; the spare ones are not counted. */
  get bytes(): number {
    return bytesHeld(Object.values(this.#tensors));
  }

  /** The spare tensors become the current ones, `count` tokens later. */
  advance(count: number): void {
    [this.#tensors, this.#spare] = [this.#spare, this.#tensors];
    this.#tokens += count;
  }

  /** Makes room for `tokens` tokens in all, doubling; true where the tensors were replaced by larger ones. */
  reserve(tokens: number): boolean {
    if (this.#capacity === 0 || tokens <= this.#capacity) return false;
    this.#capacity = capacityFor(this.model, tokens);
    this.#tensors = resized(this.model, this.#capacity, this.#tensors);
    this.#spare = spareOf(this.model, this.#capacity, this.#tensors);
    return true;
  }

  /** An independent copy. */
  fork(): SequenceState {
    const copies = Object.entries(this.#tensors).map(([name, tensor]) => [name, copyOf(tensor)] as const);
    const state = new SequenceState(this.model, this.#capacity, Object.fromEntries(copies));
    state.#tokens = this.#tokens;
    state.logits.data.set(this.logits.data);
    return state;
  }

  /** A state from tensors read elsewhere, of the types that `layersOf` gives for a capacity of `tokens`. */
  static restore(model: StateModel, tokens: number, tensors: StateTensors, logits: Float32Array): SequenceState {
    const capacity = capacityFor(model, tokens);
    const state = new SequenceState(model, capacity, resized(model, capacity, tensors));
    state.#tokens = tokens;
    state.logits.data.set(logits);
    return state;
  }
}

/** Each layer's tensors at a capacity. */
export function layersOf({ architecture, mixers }: StateModel, capacity: number): LayerState[] {
  return mixers.map((spec, layer) => layerState(blockOf(architecture, layer), spec, { batch: 1, capacity }));
}

/** Tokens after which every state that grows has grown, by tokens or by blocks of them. */
const manyTokens = 2 ** 20;

/** True where the size of the state depends on the number of tokens. */
function grows(model: StateModel): boolean {
  const [one, many] = [layersOf(model, 1), layersOf(model, manyTokens)];
  return one.some((tensors, layer) =>
    Object.entries(tensors).some(([name, { shape }]) => !sameShape(shape, many[layer]?.[name]?.shape ?? [])),
  );
}

function capacityFor(model: StateModel, tokens: number): number {
  if (!grows(model)) return 0;
  return Math.max(smallestCapacity, 2 ** Math.ceil(Math.log2(Math.max(1, tokens))));
}

function emptyTensors(model: StateModel, capacity: number, only?: StateTensor["kind"]): Record<string, Tensor> {
  const tensors: Record<string, Tensor> = {};
  layersOf(model, capacity).forEach((layer, index) => {
    for (const [name, { kind, dtype, shape }] of Object.entries(layer))
      if (only === undefined || kind === only) tensors[`${index}.${name}`] = zeros({ dtype, shape });
  });
  return tensors;
}

function spareOf(model: StateModel, capacity: number, tensors: StateTensors): StateTensors {
  return { ...tensors, ...emptyTensors(model, capacity, "carried") };
}

function copyOf(tensor: Tensor): Tensor {
  return { ...tensor, data: tensor.data.slice() };
}

/** The same tokens in tensors of another capacity: buffers fill from the front, windows end with the newest token. */
export function resized(model: StateModel, capacity: number, tensors: StateTensors): StateTensors {
  const result: Record<string, Tensor> = { ...tensors };
  layersOf(model, capacity).forEach((types, layer) => {
    for (const [name, { kind, ...type }] of Object.entries(types)) {
      const old = tensors[`${layer}.${name}`];
      const [before, after] = [old?.shape[2] ?? 0, type.shape[2] ?? 0];
      if (old === undefined || before === after) continue;
      const kept = Math.min(before, after);
      const [from, to] = kind === "buffer" ? [0, 0] : [before - kept, after - kept];
      const tensor = zeros(type);
      const [source, target] = [memoryOf(old), memoryOf(tensor)];
      const width = (type.shape[3] ?? 1) * bytesPerElement[type.dtype];
      for (let row = 0; row * before * width < source.length; row++) {
        const start = (row * before + from) * width;
        target.set(source.subarray(start, start + kept * width), (row * after + to) * width);
      }
      result[`${layer}.${name}`] = tensor;
    }
  });
  return result;
}
