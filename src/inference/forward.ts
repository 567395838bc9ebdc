/** The whole-sequence forward pass: block after block, one compiled program per kind of layer. */
import { type Block, blockOf, isEncoder } from "../families/index.ts";
import { type AngleTables, angleTables, layerAngles } from "../model/angles.ts";
import { beginFeeds, endFeeds, placeFeeds, requirePlaces } from "../model/ends.ts";
import { embedProgram, headProgram, scoreProgram } from "../model/head.ts";
import { type Ablation, mixerBlockProgram } from "../model/mixer-block.ts";
import { shareProgram } from "../model/share.ts";
import { type Engine, type FloatTensor, floats, floatsOf, indices, type Tensor } from "../runtime/index.ts";
import type { LayerMixer, Model } from "./model.ts";

/** Token ids `[batch, length]`, row-major. */
export interface TokenBatch {
  readonly ids: ArrayLike<number>;
  readonly batch: number;
  readonly length: number;
  /** The position of every first token (default: 0). */
  readonly first?: number;
  /** The segment each token belongs to, for models that tell them apart (default: the first). */
  readonly segments?: ArrayLike<number>;
}

/** Tokens whose logits are formed at once: bounds memory at this many rows of the vocabulary. */
const headRows = 256;

/** Runs a model over whole sequences from position 0. */
export class ForwardPass {
  readonly engine: Engine;
  readonly model: Model;
  readonly ablation: Ablation;
  readonly #angles = new Map<number, readonly AngleTables[]>();

  /** `ablation` weakens a branch of every converted layer (default: none). */
  constructor(engine: Engine, model: Model, ablation: Ablation = {}) {
    this.engine = engine;
    this.model = model;
    this.ablation = ablation;
  }

  #anglesOf(layer: number, length: number): AngleTables {
    const { architecture } = this.model;
    const tables = this.#angles.get(length) ?? angleTables(architecture, 0, length);
    this.#angles.set(length, tables);
    return layerAngles(tables, architecture, layer);
  }

  /** The embedded tokens `[batch, length, hidden]`. */
  async embed({ ids, batch, length, first = 0, segments }: TokenBatch): Promise<FloatTensor> {
    const { architecture, weights } = this.model;
    requirePlaces(architecture, first + length);
    const segmented = segments !== undefined;
    const program = await this.engine.cached(`embed ${batch} ${length} ${segmented}`, () =>
      embedProgram(architecture, batch, length, { segments: segmented }),
    );
    const places = placeFeeds(architecture, batch, first);
    const { x } = await program.run({
      ...beginFeeds(weights),
      ...places,
      ids: indices([batch, length], ids),
      ...(segments && { segmentIds: indices([batch, length], segments) }),
    });
    return x as FloatTensor;
  }

  /** The stream `[batch, length, hidden]` after a layer. */
  async block(layer: number, x: FloatTensor): Promise<FloatTensor> {
    const { spec, block } = this.#layer(layer);
    const [batch = 1, length = 1] = x.shape;
    const key = `block ${batch} ${length} ${JSON.stringify([spec, this.ablation, block])}`;
    const program = await this.engine.cached(key, () => mixerBlockProgram(block, spec, batch, length, this.ablation));
    const feeds = this.#feeds(layer, x);
    return (await program.run(feeds)).y as FloatTensor;
  }

  /** The share of a converted layer's attention weight that its recurrent part carries, for the stream x before it. */
  async share(layer: number, x: FloatTensor): Promise<number> {
    const { spec, block } = this.#layer(layer);
    const [batch = 1, length = 1] = x.shape;
    const program = await this.engine.cached(`share ${batch} ${length} ${JSON.stringify([spec, block])}`, () =>
      shareProgram(block, spec, batch, length),
    );
    return floatsOf((await program.run(this.#feeds(layer, x))).share)[0] ?? Number.NaN;
  }

  #layer(layer: number): LayerMixer & { readonly block: Block } {
    const mixer = this.model.mixers[layer];
    if (mixer === undefined) throw new RangeError(`the model has no layer ${layer}`);
    return { ...mixer, block: blockOf(this.model.architecture, layer) };
  }

  #feeds(layer: number, x: FloatTensor): Record<string, Tensor> {
    const { weights, mixers } = this.model;
    const feeds: Record<string, Tensor> = { x, ...this.#anglesOf(layer, x.shape[1] ?? 1), ...weights.layers[layer] };
    for (const [name, weight] of Object.entries(mixers[layer]?.parameters ?? {})) feeds[`mixer.${name}`] = weight;
    return feeds;
  }

  /** The stream after the last layer, before the final norm; `visit` sees the stream after each layer (0: the embedding). */
  async hidden(
    tokens: TokenBatch,
    visit?: (layer: number, x: FloatTensor) => void | Promise<void>,
  ): Promise<FloatTensor> {
    let x = await this.embed(tokens);
    await visit?.(0, x);
    for (let layer = 0; layer < this.model.mixers.length; layer++) {
      x = await this.block(layer, x);
      await visit?.(layer + 1, x);
    }
    return x;
  }

  /** Logits `[rows, vocabulary]` of hidden states `[rows, hidden]`. */
  async logits(hidden: FloatTensor): Promise<FloatTensor> {
    const { architecture, weights } = this.model;
    const [rows = 0] = hidden.shape;
    const program = await this.engine.cached(`head ${rows}`, () => headProgram(architecture, rows));
    const { logits } = await program.run({ x: hidden, ...endFeeds(weights) });
    return logits as FloatTensor;
  }

  /**
   * −log p in nats of tokens 2 to length of one sequence: element i belongs to token i + 1. A decoder foretells it from what
   * came before; an encoder tells it back from the whole sequence.
   */
  async losses(ids: ArrayLike<number>): Promise<Float32Array> {
    const { architecture } = this.model;
    const length = ids.length;
    const hidden = floatsOf(await this.hidden({ ids, batch: 1, length }));
    const targets = Array.from({ length: length - 1 }, (_unused, row) => ids[row + 1] ?? 0);
    const first = isEncoder(architecture) ? 1 : 0;
    const width = architecture.hiddenSize;
    return await this.tokenLosses(hidden.subarray(first * width, (first + targets.length) * width), targets);
  }

  /** −log p in nats of each target after the hidden state of its row: `hidden` is `[targets, hidden]`, row-major. */
  async tokenLosses(hidden: Float32Array, targets: readonly number[]): Promise<Float32Array> {
    const { architecture, weights } = this.model;
    const width = architecture.hiddenSize;
    const losses = new Float32Array(targets.length);
    for (let start = 0; start < targets.length; start += headRows) {
      const part = targets.slice(start, start + headRows);
      const program = await this.engine.cached(`score ${part.length}`, () => scoreProgram(architecture, part.length));
      const { loss } = await program.run({
        x: floats([part.length, width], hidden.subarray(start * width, (start + part.length) * width)),
        ...endFeeds(weights),
        targets: indices([part.length, 1], part),
      });
      losses.set(floatsOf(loss as Tensor), start);
    }
    return losses;
  }
}
