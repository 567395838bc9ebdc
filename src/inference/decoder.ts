/** A model ready to read prompts and to write token after token: its programs, its weights, its rotary rows. */
import { SubquadError } from "../errors.ts";
import { blockOf } from "../families/index.ts";
import type { Program } from "../graph/index.ts";
import { anglesOf, type MixerSpec } from "../mixers/index.ts";
import { type AngleTables, angleTables, layerAngles } from "../model/angles.ts";
import { prefillProgram, stepAngle, stepProgram } from "../model/decode.ts";
import { beginFeeds, endFeeds, placeFeeds, requirePlaces } from "../model/ends.ts";
import { embedProgram, headProgram } from "../model/head.ts";
import type { Ablation } from "../model/mixer-block.ts";
import type { Weight } from "../model/weights.ts";
import { type Engine, type Executable, type FloatTensor, floats, indices, type Tensor } from "../runtime/index.ts";
import type { LayerMixer, Model } from "./model.ts";
import { SequenceState, type StateModel } from "./state.ts";
import { loadState, saveState } from "./state-file.ts";

/** Tokens of the chunks a prompt is cut into; the last is padded, so that few programs serve prompts of any length. */
const chunkLengths = [16, 64, 256, 512] as const;
const longestChunk = 512;

/** How a model is decoded. */
export interface DecoderOptions {
  /** Tells models apart in saved states (default: states are only read by models without one). */
  readonly fingerprint?: string;
  /**
   * What becomes of terrace windows: `terrace` decodes what was trained, with blocks from the first token on (default);
   * `slide` meets the newest keys instead, as the method's published generation code does.
   */
  readonly terraces?: "terrace" | "slide";
  /** Weakens a branch of every layer that has two (default: none). */
  readonly ablation?: Ablation;
}

/** A chunk of tokens after the last layer. */
export interface HiddenChunk {
  /** The place of its first token among the ids that were given. */
  readonly start: number;
  /** Its tokens. */
  readonly count: number;
  /** The stream `[1, length, hidden]` before the final norm; rows from `count` on are padding. */
  readonly x: FloatTensor;
}

/** Feeds and targets of the step program from one of a state's two sets of tensors to the other, made once. */
interface StepBinding {
  readonly program: Executable;
  readonly ids: BigInt64Array;
  readonly seen: BigInt64Array;
  /** The rotary tables of the token, by each setting. */
  readonly angles: readonly Readonly<Record<keyof AngleTables, FloatTensor>>[];
  readonly feeds: Record<string, Tensor>;
  readonly into: Record<string, Tensor>;
}

/** Reads and writes sequences with one model; every sequence has a state of its own. */
export class Decoder {
  readonly engine: Engine;
  readonly model: Model;
  readonly stateModel: StateModel;
  readonly #layers: readonly LayerMixer[];
  readonly #programs = new Map<string, Promise<Executable>>();
  readonly #bindings = new WeakMap<SequenceState["tensors"], StepBinding>();
  readonly #weights: Readonly<Record<string, Weight>>;
  readonly #ablation: Ablation;

  constructor(engine: Engine, model: Model, options: DecoderOptions = {}) {
    this.engine = engine;
    this.model = model;
    const { architecture } = model;
    if (model.mixers.length !== architecture.blocks.length) {
      throw new RangeError(`${model.mixers.length} mixers were given for ${architecture.blocks.length} layers`);
    }
    this.#layers = options.terraces === "slide" ? model.mixers.map(withoutTerrace) : model.mixers;
    const slid = this.#layers.some((layer, index) => layer !== model.mixers[index]);
    this.stateModel = {
      architecture,
      mixers: this.#layers.map(({ spec }) => spec),
      fingerprint: `${options.fingerprint ?? "unnamed"}${slid ? " with terraces as slides" : ""}`,
    };
    this.#weights = stepWeights(model, this.#layers);
    this.#ablation = options.ablation ?? {};
  }

  /** The state of a new sequence, with room for `tokens` tokens where the model keeps every one. */
  start(tokens = 0): SequenceState {
    return SequenceState.create(this.stateModel, tokens);
  }

  /** Writes a state to a file, whole or not at all. */
  save(state: SequenceState, file: string): Promise<void> {
    return saveState(state, file);
  }

  /** Reads a state. Throws a ForeignStateError for one of another model, a FormatError for a damaged file. */
  load(file: string): SequenceState {
    return loadState(this.stateModel, file);
  }

  /**
   * Compiles what reading `promptTokens` more tokens and writing after them takes, so that no call stands still for it
   * later (unless buffers must grow).
   */
  async prepare(state: SequenceState, promptTokens: number): Promise<void> {
    for (const { start, length } of chunksOf(promptTokens)) {
      state.reserve(state.tokens + start + length);
    }
    for (const { length } of chunksOf(promptTokens)) await this.#chunkPrograms(state, length);
    await this.#program("head", () => headProgram(this.model.architecture, 1));
    state.reserve(state.tokens + promptTokens + 1);
    await this.#binding(state);
  }

  /**
   * Takes in tokens, chunk by chunk; `state.logits` then belong to the last. Rejects with the signal's reason when it is
   * aborted, with the chunks so far taken in. Throws a SubquadError for an id outside the vocabulary.
   */
  async prefill(
    state: SequenceState,
    ids: ArrayLike<number>,
    options: { readonly signal?: AbortSignal | undefined; readonly onTokens?: (done: number) => void } = {},
  ): Promise<void> {
    const { architecture, weights } = this.model;
    const { hiddenSize } = architecture;
    const head = await this.#program("head", () => headProgram(architecture, 1));
    await this.read(state, ids, {
      ...options,
      // Only the prompt's last token needs logits.
      visit: async ({ start, count, x }) => {
        if (start + count < ids.length) return;
        const newest = floats([1, hiddenSize], x.data.subarray((count - 1) * hiddenSize, count * hiddenSize));
        await head.run({ x: newest, ...endFeeds(weights) }, { logits: state.logits });
      },
    });
  }

  /**
   * Takes in tokens as `prefill` does, but for the logits, which are left as they were: `visit` sees every chunk after the
   * last layer. Memory is that of one chunk and the state, whatever the number of tokens.
   */
  async read(
    state: SequenceState,
    ids: ArrayLike<number>,
    options: {
      readonly visit: (chunk: HiddenChunk) => Promise<void> | void;
      readonly signal?: AbortSignal | undefined;
      readonly onTokens?: (done: number) => void;
    },
  ): Promise<void> {
    this.#requireTokens(ids);
    requirePlaces(this.model.architecture, state.tokens + ids.length);
    for (const { start, count, length } of chunksOf(ids.length)) {
      options.signal?.throwIfAborted();
      const chunk: number[] = Array.prototype.slice.call(ids, start, start + count);
      const x = await this.#chunk(state, chunk, length, state.tokens + ids.length - start);
      await options.visit({ start, count, x });
      options.onTokens?.(start + count);
    }
  }

  /** Takes in one token: `state.logits`, which are returned, then belong to it. Nothing is allocated that lasts. */
  async step(state: SequenceState, id: number): Promise<FloatTensor> {
    this.#requireTokens([id]);
    requirePlaces(this.model.architecture, state.tokens + 1);
    state.reserve(state.tokens + 1);
    const { program, feeds, into, ids, seen, angles } = await this.#binding(state);
    ids[0] = BigInt(id);
    seen[0] = BigInt(state.tokens);
    for (const [rope, tables] of angleTables(this.model.architecture, state.tokens, 1).entries())
      for (const [name, { data }] of Object.entries(tables)) angles[rope]?.[name as keyof AngleTables].data.set(data);
    await program.run(feeds, into);
    state.advance(1);
    return state.logits;
  }

  #requireTokens(ids: ArrayLike<number>): void {
    const { vocabularySize } = this.model.architecture;
    for (let index = 0; index < ids.length; index++) {
      const id = ids[index] ?? -1;
      if (!Number.isInteger(id) || id < 0 || id >= vocabularySize)
        throw new SubquadError(`token ${ids[index]} is outside the vocabulary of ${vocabularySize}`);
    }
  }

  /** The programs of a chunk: embedding, one per kind of layer. */
  async #chunkPrograms({ capacity }: SequenceState, length: number) {
    const { architecture } = this.model;
    const embed = await this.#program(`embed ${length}`, () => embedProgram(architecture, 1, length));
    const layers: Executable[] = [];
    for (const [layer, { spec }] of this.#layers.entries()) {
      const block = blockOf(architecture, layer);
      const key = `prefill ${length} ${capacity} ${JSON.stringify([spec, block])}`;
      const sizes = { batch: 1, capacity };
      layers.push(await this.#program(key, () => prefillProgram(block, spec, length, sizes, this.#ablation)));
    }
    return { embed, layers };
  }

  /** One chunk, padded to `length`, through all layers; it belongs to a sequence of `whole` tokens. */
  async #chunk(state: SequenceState, ids: readonly number[], length: number, whole: number): Promise<FloatTensor> {
    const { architecture, weights } = this.model;
    state.reserve(state.tokens + length);
    const { embed, layers } = await this.#chunkPrograms(state, length);
    const padded = Array.from({ length }, (_unused, index) => ids[index] ?? 0);
    const place = placeFeeds(architecture, 1, state.tokens);
    const embedded = await embed.run({ ...beginFeeds(weights), ...place, ids: indices([1, length], padded) });
    let x = embedded.x as FloatTensor;
    const angles = angleTables(architecture, state.tokens, length, whole);
    const shared = {
      seen: indices([1], [state.tokens]),
      count: indices([1], [ids.length]),
    };
    for (const [layer, program] of layers.entries()) {
      const turned = layerAngles(angles, architecture, layer);
      const feeds: Record<string, Tensor> = { ...shared, ...turned, ...weights.layers[layer], x };
      const parameters = this.#layers[layer]?.parameters ?? {};
      for (const [name, weight] of Object.entries(parameters)) feeds[`mixer.${name}`] = weight;
      const into: Record<string, Tensor> = {};
      for (const [name, tensor] of ofLayer(state.tensors, layer)) feeds[`state.${name}`] = tensor;
      for (const [name, tensor] of ofLayer(state.spare, layer)) into[`next.${name}`] = tensor;
      x = (await program.run(feeds, into)).y as FloatTensor;
    }
    state.advance(ids.length);
    return x;
  }

  async #binding(state: SequenceState): Promise<StepBinding> {
    const known = this.#bindings.get(state.tensors);
    if (known !== undefined) return known;
    const { architecture } = this.model;
    const specs: readonly MixerSpec[] = this.stateModel.mixers;
    const program = await this.#program(`step ${state.capacity}`, () =>
      stepProgram(architecture, specs, { batch: 1, capacity: state.capacity }, this.#ablation),
    );
    const [ids, seen] = [new BigInt64Array(1), new BigInt64Array(1)];
    const angles = architecture.ropes.map(({ pairs }) => anglesOf(() => floats([1, pairs])));
    const feeds: Record<string, Tensor> = { ...this.#weights };
    for (const [rope, tables] of angles.entries())
      for (const [name, table] of Object.entries(tables)) feeds[stepAngle(rope, name)] = table;
    feeds.ids = { dtype: "int64", shape: [1], data: ids };
    feeds.seen = { dtype: "int64", shape: [1], data: seen };
    for (const [name, tensor] of Object.entries(state.tensors)) feeds[`state.${name}`] = tensor;
    const into: Record<string, Tensor> = { logits: state.logits };
    for (const [name, tensor] of Object.entries(state.spare)) into[`next.${name}`] = tensor;
    const binding = { program, ids, seen, angles, feeds, into };
    this.#bindings.set(state.tensors, binding);
    return binding;
  }

  #program(key: string, make: () => Program): Promise<Executable> {
    const known = this.#programs.get(key) ?? this.engine.compile(make());
    this.#programs.set(key, known);
    return known;
  }
}

interface Chunk {
  readonly start: number;
  /** Real tokens. */
  readonly count: number;
  /** Tokens of the program that runs it. */
  readonly length: number;
}

/** A prompt cut into chunks. */
function chunksOf(tokens: number): Chunk[] {
  return Array.from({ length: Math.ceil(tokens / longestChunk) }, (_unused, index) => {
    const start = index * longestChunk;
    const count = Math.min(longestChunk, tokens - start);
    return { start, count, length: chunkLengths.find((length) => length >= count) ?? longestChunk };
  });
}

function ofLayer(tensors: SequenceState["tensors"], layer: number): [name: string, tensor: Tensor][] {
  const prefix = `${layer}.`;
  return Object.entries(tensors).flatMap(([name, tensor]) =>
    name.startsWith(prefix) ? [[name.slice(prefix.length), tensor]] : [],
  );
}

function stepWeights({ weights, architecture }: Model, layers: readonly LayerMixer[]): Record<string, Weight> {
  const { head, ...ends } = endFeeds<Weight>(weights);
  const named: Record<string, Weight> = { ...beginFeeds(weights), ...ends };
  if (!architecture.tiedHead && head !== undefined) named.head = head;
  layers.forEach(({ parameters }, layer) => {
    for (const [role, weight] of Object.entries(weights.layers[layer] ?? {})) named[`layers.${layer}.${role}`] = weight;
    for (const [name, weight] of Object.entries(parameters)) named[`layers.${layer}.mixer.${name}`] = weight;
  });
  return named;
}

function withoutTerrace(layer: LayerMixer): LayerMixer {
  const { spec } = layer;
  if (spec.window?.kind !== "terrace") return layer;
  const { size, sinks, decay } = spec.window;
  return {
    ...layer,
    spec: { ...spec, window: { kind: "slide", size, ...(sinks && { sinks }), ...(decay && { decay }) } },
  };
}
