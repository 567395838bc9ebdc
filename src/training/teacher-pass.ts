/** The teacher's forward pass, layer by layer, and what its attention read and returned; some passes can be remembered. */
import type { Architecture } from "../families/index.ts";
import { type AngleTables, angleTables } from "../model/angles.ts";
import { embedProgram } from "../model/head.ts";
import type { FrozenProducts } from "../model/projection.ts";
import { teacherBlockProgram } from "../model/transfer-block.ts";
import type { ModelWeights } from "../model/weights.ts";
import { Buffers, type Engine, type FloatTensor, indices, type Tensor } from "../runtime/index.ts";
import { quantizeLayer } from "./quantize.ts";
import type { TeacherAttention } from "./transfer-groups.ts";

/** What a teacher's passes need. */
export interface TeacherPlan {
  readonly architecture: Architecture;
  readonly weights: ModelWeights;
  readonly length: number;
  /** The layers whose attention is asked for. */
  readonly layers: readonly number[];
  /** Products of passes that are learned from. */
  readonly products: FrozenProducts;
  /** How many passes are remembered. */
  readonly remembered: number;
}

/** One layer's attention in a pass. */
export interface LayerAttention {
  readonly layer: number;
  readonly attention: TeacherAttention;
}

/** A pass that is kept. */
interface Remembered {
  readonly ids: Int32Array;
  readonly layers: readonly LayerAttention[];
}

const attentionNames = ["read.queries", "read.keys", "read.values", "attended"];

/** Runs a teacher over token windows. */
export class TeacherPass {
  readonly #engine: Engine;
  readonly #plan: TeacherPlan;
  readonly #angles: AngleTables;
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

  /** The attention of one pass to learn from, layer by layer; what is yielded holds until the next is asked for. */
  async *learn(ids: Int32Array): AsyncGenerator<LayerAttention> {
    const known = [...this.#remembered.values()].find((pass) => equal(pass.ids, ids));
    if (known !== undefined) {
      yield* known.layers;
      return;
    }
    const { products, remembered } = this.#plan;
    if (remembered === 0) {
      yield* this.#run(ids, products, () => "attention");
      return;
    }
    const place = this.#next++ % remembered;
    this.#remembered.delete(place);
    const layers: LayerAttention[] = [];
    for await (const each of this.#run(ids, products, (layer) => `attention ${place} ${layer}`)) {
      layers.push(each);
      yield each;
    }
    this.#remembered.set(place, { ids: ids.slice(), layers });
  }

  /** The same in float32 and never remembered: to be judged by. */
  judge(ids: Int32Array): AsyncGenerator<LayerAttention> {
    return this.#run(ids, "float32", () => "attention");
  }

  async *#run(
    ids: Int32Array,
    products: FrozenProducts,
    placeOf: (layer: number) => string,
  ): AsyncGenerator<LayerAttention> {
    const { architecture, weights, length, layers } = this.#plan;
    const batch = ids.length / length;
    const embed = await this.#engine.cached(`embed ${batch} ${length}`, () =>
      embedProgram(architecture, batch, length),
    );
    let x = (await embed.run({ embedding: weights.embedding, ids: indices([batch, length], ids) })).x as Tensor;
    const last = layers.at(-1) ?? -1;
    for (const [layer, own] of weights.layers.slice(0, last + 1).entries()) {
      // Nothing reads the stream after the last layer asked for.
      const part = layer === last ? "attention" : "block";
      const block = await this.#engine.cached(`teacher ${part} ${batch} ${length} ${products}`, () =>
        teacherBlockProgram(architecture, batch, length, { products, part }),
      );
      const wanted = layers.includes(layer);
      const results = await block.run(
        { x, ...this.#angles, ...own, ...this.#quantized[layer] },
        {
          ...this.#activations.of(`stream ${layer % 2}`, block, ["y"]),
          ...this.#activations.of(wanted ? placeOf(layer) : "attention", block, attentionNames),
        },
      );
      x = results.y ?? x;
      if (wanted) yield { layer, attention: attentionOf(results as Record<string, FloatTensor>) };
    }
  }
}

function attentionOf(results: Readonly<Record<string, FloatTensor>>): TeacherAttention {
  return {
    queries: results["read.queries"] as FloatTensor,
    keys: results["read.keys"] as FloatTensor,
    values: results["read.values"] as FloatTensor,
    attended: results.attended as FloatTensor,
  };
}

function equal(left: Int32Array, right: Int32Array): boolean {
  return left.length === right.length && left.every((id, index) => id === right[index]);
}
