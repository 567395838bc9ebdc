/** The teacher's forward pass, layer by layer, and what its blocks tell; some passes can be remembered. */

import { type Architecture, blockOf } from "../families/index.ts";
import type { MixerSpec } from "../mixers/index.ts";
import { type AngleTables, angleTables, layerAngles } from "../model/angles.ts";
import { beginFeeds, placeFeeds } from "../model/ends.ts";
import { embedProgram } from "../model/head.ts";
import type { FrozenProducts } from "../model/projection.ts";
import { type BlockTap, teacherBlockProgram } from "../model/teacher-block.ts";
import type { ModelWeights } from "../model/weights.ts";
import { Buffers, type Engine, type FloatTensor, indices, type Tensor } from "../runtime/index.ts";
import { quantizeLayer } from "./quantize.ts";

/** What a teacher's passes need. */
export interface TeacherPlan {
  readonly architecture: Architecture;
  readonly weights: ModelWeights;
  readonly length: number;
  /** The layers that are asked for. */
  readonly layers: readonly number[];
  /** What is told of each of them. */
  readonly taps: readonly BlockTap[];
  /** How the mixer of a layer wants its queries and keys (default: rotated). */
  readonly ropeOf?: (layer: number) => MixerSpec["rope"];
  /** Products of passes that are learned from. */
  readonly products: FrozenProducts;
  /** How many passes are remembered. */
  readonly remembered: number;
}

/** What a block told, and the stream before it. */
export type Told = Readonly<Partial<Record<BlockTap, FloatTensor>>> & { readonly x: FloatTensor };

/** One layer of a pass. */
export interface TeacherLayer {
  readonly layer: number;
  readonly told: Told;
}

/** A pass that is kept. */
interface Remembered {
  readonly ids: Int32Array;
  readonly layers: readonly TeacherLayer[];
}

/** The place of what need not outlive the next layer. */
const unkept = "told";

/** Runs a teacher over token windows. */
export class TeacherPass {
  readonly #engine: Engine;
  readonly #plan: TeacherPlan;
  readonly #angles: readonly AngleTables[];
  /** Each layer's weights in 8 bits, where they are used. */
  readonly #quantized: readonly Record<string, Tensor>[];
  readonly #activations: Buffers;
  /** By place; a place is empty while its pass runs. */
  readonly #remembered = new Map<number, Remembered>();
  #next = 0;

  constructor(engine: Engine, plan: TeacherPlan) {
    this.#engine = engine;
    this.#plan = plan;
    this.#angles = angleTables(plan.architecture, 0, plan.length);
    const quantize = plan.products === "int8" ? plan.weights.layers : [];
    this.#quantized = quantize.map((layer) => quantizeLayer(layer, { transposed: false }));
    this.#activations = new Buffers(engine, "activations");
  }

  /** One pass to learn from, layer by layer; what is yielded holds until the next is asked for. */
  async *learn(ids: Int32Array): AsyncGenerator<TeacherLayer> {
    const known = [...this.#remembered.values()].find((pass) => equal(pass.ids, ids));
    if (known !== undefined) {
      yield* known.layers;
      return;
    }
    const { products, remembered } = this.#plan;
    if (remembered === 0) {
      yield* this.#run(ids, products, () => unkept);
      return;
    }
    const place = this.#next++ % remembered;
    this.#remembered.delete(place);
    const layers: TeacherLayer[] = [];
    for await (const each of this.#run(ids, products, (layer) => `${unkept} ${place} ${layer}`)) {
      layers.push(each);
      yield each;
    }
    this.#remembered.set(place, { ids: ids.slice(), layers });
  }

  /** The same in float32 and never remembered: to be judged by. */
  judge(ids: Int32Array): AsyncGenerator<TeacherLayer> {
    return this.#run(ids, "float32", () => unkept);
  }

  /** The stream after the last block `[batch, length, hidden]`; it holds until the next pass. */
  async stream(ids: Int32Array, products: FrozenProducts = this.#plan.products): Promise<FloatTensor> {
    let x = await this.#embed(ids);
    const layers = this.#plan.weights.layers.length;
    for (let layer = 0; layer < layers; layer++) x = (await this.#block(layer, x, ids, products, ["y"], unkept)).y ?? x;
    return x;
  }

  async #embed(ids: Int32Array): Promise<FloatTensor> {
    const { architecture, weights, length } = this.#plan;
    const batch = ids.length / length;
    const program = await this.#engine.cached(`embed ${batch} ${length}`, () =>
      embedProgram(architecture, batch, length),
    );
    const feeds = { ...beginFeeds(weights), ...placeFeeds(architecture, batch), ids: indices([batch, length], ids) };
    return (await program.run(feeds)).x as FloatTensor;
  }

  async #block(
    layer: number,
    x: FloatTensor,
    ids: Int32Array,
    products: FrozenProducts,
    taps: readonly BlockTap[],
    place: string,
  ): Promise<Partial<Record<BlockTap, FloatTensor>>> {
    const { architecture, weights, length, ropeOf } = this.#plan;
    const batch = ids.length / length;
    const described = blockOf(architecture, layer);
    const options = { taps, products, rope: ropeOf?.(layer) ?? described.mixer.rope };
    const block = await this.#engine.cached(`teacher ${batch} ${length} ${JSON.stringify([options, described])}`, () =>
      teacherBlockProgram(described, batch, length, options),
    );
    const others = taps.filter((tap) => tap !== "y").map((tap) => `told.${tap}`);
    const results = await block.run(
      { x, ...layerAngles(this.#angles, architecture, layer), ...weights.layers[layer], ...this.#quantized[layer] },
      {
        // Two places, in turn, serve all layers, unless the pass is kept.
        ...this.#activations.of(place === unkept ? `stream ${layer % 2}` : place, block, ["told.y"]),
        ...this.#activations.of(place, block, others),
      },
    );
    return Object.fromEntries(taps.map((tap) => [tap, results[`told.${tap}`] as FloatTensor]));
  }

  async *#run(
    ids: Int32Array,
    products: FrozenProducts,
    placeOf: (layer: number) => string,
  ): AsyncGenerator<TeacherLayer> {
    const { layers, taps } = this.#plan;
    let x = await this.#embed(ids);
    const last = layers.at(-1) ?? -1;
    for (let layer = 0; layer <= last; layer++) {
      const wanted = layers.includes(layer);
      // Nothing reads the stream after the last layer, unless it is told.
      const stream: readonly BlockTap[] = layer === last || taps.includes("y") ? [] : ["y"];
      const needed = wanted ? [...taps, ...stream] : (["y"] as const);
      const told = await this.#block(layer, x, ids, products, needed, placeOf(layer));
      if (wanted) yield { layer, told: { ...told, x } };
      x = told.y ?? x;
    }
  }
}

function equal(left: Int32Array, right: Int32Array): boolean {
  return left.length === right.length && left.every((id, index) => id === right[index]);
}
