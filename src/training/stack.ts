/** Forward and backward through all blocks of a model, with the head's loss in token chunks. */
import { type Architecture, blockOf, type ModelRole } from "../families/index.ts";
import { type AngleTables, angleTables, layerAngles } from "../model/angles.ts";
import { beginFeeds, endFeeds, placeFeeds } from "../model/ends.ts";
import {
  embedGradientProgram,
  embedProgram,
  headGradientProgram,
  nextTokenOnly,
  scoreProgram,
  type TokenTerms,
} from "../model/head.ts";
import type { Ablation } from "../model/mixer-block.ts";
import type { FrozenProducts } from "../model/projection.ts";
import { type TrainingBlock, type TrainingBlockPlan, trainingBlock } from "../model/training-block.ts";
import {
  Buffers,
  type Engine,
  type FloatTensor,
  floats,
  floatsOf,
  indices,
  type Tensor,
  type Tensors,
} from "../runtime/index.ts";
import type { TokenWindow } from "./data-order.ts";
import { sumTensors } from "./sum-tensors.ts";

/** Bytes of logits formed at once in the loss: rows are few where the vocabulary is large. */
export const logitBytes = 96 * 2 ** 20;

/** How a block runs where nothing learns from it. */
const scoring = { activations: "recomputed", products: "float32" } as const;

/** Weights outside the blocks by role, a tied head as `head`. */
export type Ends = Readonly<Partial<Record<ModelRole, FloatTensor>>>;

/** What a stack needs at each step. */
export interface StackWeights extends Ends {
  /** The head in 8 bits, where the plan asks for it. */
  readonly quantizedHead?: Readonly<Record<string, Tensor>>;
  /** Every input of each block's programs: weights by role, adapters, mixer parameters. */
  readonly layers: readonly Readonly<Record<string, Tensor>>[];
}

/** The teacher's end, where a loss looks at its chances: its last stream `[batch, length, hidden]`, and the weights that read it. */
export interface TeacherEnd {
  readonly x: FloatTensor;
  readonly ends: Ends;
}

/** What one micro-batch has beside its tokens. */
export interface MicroBatchOptions {
  /** The teacher's end of the same tokens. */
  readonly teacher?: TeacherEnd;
  /** What is left out of every mixer. */
  readonly ablation?: Omit<Ablation, "output">;
}

/** How a stack is built. */
export interface StackPlan {
  readonly architecture: Architecture;
  readonly batch: number;
  readonly length: number;
  /** Each layer's block. */
  readonly blocks: readonly TrainingBlockPlan[];
  /** Also compute the gradients of embedding, final norm and head. */
  readonly trainEnds: boolean;
  /** What the loss is made of (default: the next token alone). */
  readonly terms?: TokenTerms;
  /** The logits' product while learning (default: float32); only where the head is frozen. */
  readonly headProducts?: FrozenProducts;
}

/** The loss of one micro-batch and every gradient. */
export interface StackGradients {
  /** Mean loss per counted token, nats. */
  readonly loss: number;
  /** `NAME` → gradient, by layer. */
  readonly layers: readonly Tensors[];
  /** Gradients of `embedding`, `finalNorm` and `head` (a tied head's is in the embedding's), where asked. */
  readonly ends: Tensors;
}

/** Runs a model's blocks forward, then backward. */
export class Stack {
  readonly #engine: Engine;
  readonly #plan: StackPlan;
  readonly #blocks = new Map<string, TrainingBlock>();
  readonly #angles: readonly AngleTables[];
  readonly #activations: Buffers;

  constructor(engine: Engine, plan: StackPlan) {
    this.#engine = engine;
    this.#activations = new Buffers(engine, "activations");
    this.#plan = plan;
    this.#angles = angleTables(plan.architecture, 0, plan.length);
  }

  /** The loss and gradients of one micro-batch. */
  async gradients(
    window: TokenWindow,
    weights: StackWeights,
    { teacher, ablation }: MicroBatchOptions = {},
  ): Promise<StackGradients> {
    const changes = ablation && { ablation };
    const inputs: FloatTensor[] = [];
    const kept: Tensors[] = [];
    let x = await this.#embed(window, weights);
    for (const [layer, feeds] of weights.layers.entries()) {
      inputs.push(x);
      const { y, ...saved } = await this.#forward(layer, x, feeds, `layer ${layer}`, changes);
      kept.push(saved);
      x = y as FloatTensor;
    }
    const head = await this.#head(x, window, weights, teacher);
    let upstream = head.xGradient;
    const layers: Tensors[] = [];
    for (let layer = weights.layers.length - 1; layer >= 0; layer--) {
      const [input, feeds] = [inputs.pop(), weights.layers[layer]];
      const saved = kept.pop() ?? {};
      if (input === undefined || feeds === undefined) throw new RangeError(`layer ${layer} was not run forward`);
      const given = { ...feeds, ...saved, x: input, yGradient: upstream };
      const { xGradient, ...gradients } = await this.#backward(layer, given, changes);
      upstream = xGradient as FloatTensor;
      layers.unshift(withoutPrefix(gradients, "gradient."));
    }
    const ends = this.#plan.trainEnds ? await this.#ends(upstream, window, weights, head) : {};
    return { loss: head.loss, layers, ends };
  }

  /** Sum of the counted tokens' losses, and their number, without gradients; all products in float32. */
  async score(
    window: TokenWindow,
    weights: StackWeights,
    teacher?: TeacherEnd,
  ): Promise<{ total: number; count: number }> {
    const { architecture, terms = nextTokenOnly } = this.#plan;
    let x = await this.#embed(window, weights);
    for (const [layer, feeds] of weights.layers.entries()) {
      // Two places, in turn, serve all layers.
      x = (await this.#forward(layer, x, feeds, `score ${layer % 2}`, scoring)).y as FloatTensor;
    }
    let [total, count] = [0, 0];
    for (const chunk of this.#chunks(x, window, teacher)) {
      const program = await this.#engine.cached(`score ${chunk.rows} ${JSON.stringify(terms)}`, () =>
        scoreProgram(architecture, chunk.rows, terms),
      );
      const { loss } = await program.run({ ...chunk.feeds, ...endFeeds(weights) });
      const losses = floatsOf(loss as Tensor);
      chunk.weights.forEach((weight, row) => {
        total += weight * (losses[row] ?? 0);
        count += weight;
      });
    }
    return { total, count };
  }

  /** Mean loss per counted token of held-out micro-batches, nats. */
  async meanLoss(windows: readonly TokenWindow[], weights: StackWeights): Promise<number> {
    let [total, count] = [0, 0];
    for (const window of windows) {
      const score = await this.score(window, weights);
      total += score.total;
      count += score.count;
    }
    return total / count;
  }

  async #embed({ ids }: TokenWindow, weights: StackWeights): Promise<FloatTensor> {
    const { architecture, batch, length } = this.#plan;
    const program = await this.#engine.cached(`embed ${batch} ${length}`, () =>
      embedProgram(architecture, batch, length),
    );
    const feeds = { ...beginFeeds(weights), ...placeFeeds(architecture, batch), ids: indices([batch, length], ids) };
    return (await program.run(feeds)).x as FloatTensor;
  }

  #block(layer: number, changes: Partial<TrainingBlockPlan> = {}): { key: string; block: TrainingBlock } {
    const { architecture, blocks, batch, length } = this.#plan;
    const own = blocks[layer];
    if (own === undefined) throw new RangeError(`the plan has no layer ${layer}`);
    const plan = { ...own, ...changes };
    const described = blockOf(architecture, layer);
    const key = `training block ${batch} ${length} ${JSON.stringify([plan, described])}`;
    const block = this.#blocks.get(key) ?? trainingBlock(described, plan, batch, length);
    this.#blocks.set(key, block);
    return { key, block };
  }

  #turned(layer: number): AngleTables {
    return layerAngles(this.#angles, this.#plan.architecture, layer);
  }

  async #forward(
    layer: number,
    x: FloatTensor,
    feeds: Readonly<Record<string, Tensor>>,
    place: string,
    changes?: Partial<TrainingBlockPlan>,
  ): Promise<Tensors> {
    const { key, block } = this.#block(layer, changes);
    const program = await this.#engine.cached(`${key} forward`, () => block.forward);
    return await program.run({ ...feeds, ...this.#turned(layer), x }, this.#activations.of(place, program));
  }

  async #backward(
    layer: number,
    feeds: Readonly<Record<string, Tensor>>,
    changes?: Partial<TrainingBlockPlan>,
  ): Promise<Tensors> {
    const { key, block } = this.#block(layer, changes);
    const program = await this.#engine.cached(`${key} backward`, () => block.backward);
    const into = this.#activations.of(`gradient ${layer % 2}`, program, ["xGradient"]);
    return await program.run({ ...feeds, ...this.#turned(layer) }, into);
  }

  *#chunks(x: FloatTensor, { targets, weights }: TokenWindow, teacher: TeacherEnd | undefined) {
    const { hiddenSize, vocabularySize } = this.#plan.architecture;
    const all = targets.length;
    const most = Math.max(1, Math.floor(logitBytes / (4 * vocabularySize)));
    const rows = Math.ceil(all / Math.ceil(all / most));
    for (let start = 0; start < all; start += rows) {
      const count = Math.min(rows, all - start);
      const part = (stream: FloatTensor) =>
        floats([count, hiddenSize], stream.data.subarray(start * hiddenSize, (start + count) * hiddenSize));
      const feeds = {
        x: part(x),
        targets: indices([count, 1], targets.subarray(start, start + count)),
        ...(teacher && withPrefix("teacher.", { x: part(teacher.x), ...endFeeds(teacher.ends) })),
      };
      yield { start, rows: count, feeds, weights: weights.subarray(start, start + count) };
    }
  }

  async #head(x: FloatTensor, window: TokenWindow, weights: StackWeights, teacher: TeacherEnd | undefined) {
    const { architecture, trainEnds, headProducts: products = "float32", terms = nextTokenOnly } = this.#plan;
    const counted = window.weights.reduce((sum, weight) => sum + weight, 0);
    const xGradient = floats(x.shape);
    const width = architecture.hiddenSize;
    let loss = 0;
    let own: Tensors = {};
    for (const { start, rows, feeds, weights: counts } of this.#chunks(x, window, teacher)) {
      const options = { weights: trainEnds, products, terms };
      const program = await this.#engine.cached(`head gradient ${rows} ${JSON.stringify(options)}`, () =>
        headGradientProgram(architecture, rows, options),
      );
      const target = floats([rows, width], xGradient.data.subarray(start * width, (start + rows) * width));
      const share = floats(
        [rows, 1],
        counts.map((weight) => weight / Math.max(counted, 1)),
      );
      const results = await program.run(
        { ...feeds, weights: share, ...endFeeds(weights), ...weights.quantizedHead },
        { xGradient: target },
      );
      loss += floatsOf(results.loss as Tensor)[0] ?? 0;
      if (trainEnds)
        own = start === 0 ? endGradients(results) : await sumTensors(this.#engine, own, endGradients(results));
    }
    return { loss, xGradient: floats(x.shape, xGradient.data), own };
  }

  /** The gradients of what embeds from the stream's, a tied head's joined with the embedding's. */
  async #ends(
    xGradient: FloatTensor,
    { ids }: TokenWindow,
    weights: StackWeights,
    { own }: { own: Tensors },
  ): Promise<Tensors> {
    const { architecture, batch, length } = this.#plan;
    const program = await this.#engine.cached(`embedding gradient ${batch} ${length}`, () =>
      embedGradientProgram(architecture, batch, length),
    );
    const { head, ...others } = own;
    const tied = architecture.tiedHead && head !== undefined;
    const feeds = {
      ...beginFeeds(weights),
      xGradient,
      ...placeFeeds(architecture, batch),
      ids: indices([batch, length], ids),
    };
    const embedded = await program.run({ ...feeds, ...(tied && { head }) });
    return { ...others, ...withoutPrefix(embedded, "gradient."), ...(!tied && head && { head }) };
  }
}

const endGradients = (results: Tensors): Tensors =>
  withoutPrefix(
    Object.fromEntries(Object.entries(results).filter(([name]) => name.startsWith("gradient."))),
    "gradient.",
  );

const withPrefix = (prefix: string, tensors: Tensors): Tensors =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [prefix + name, tensor]));

function withoutPrefix(tensors: Tensors, prefix: string): Tensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name.slice(prefix.length), tensor]));
}
