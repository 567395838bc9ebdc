/** The whole-sequence forward pass: block after block, one compiled program per kind of layer. */
import { ropeTables } from "../families/index.ts";
import { embedProgram, headProgram, scoreProgram } from "../model/head.ts";
import { softmaxBlockProgram } from "../model/softmax-block.ts";
import { type Engine, type FloatTensor, floats, floatsOf, indices, type Tensor } from "../runtime/index.ts";
import type { Model } from "./model.ts";

/** Token ids `[batch, length]`, row-major. */
export interface TokenBatch {
  readonly ids: ArrayLike<number>;
  readonly batch: number;
  readonly length: number;
}

/** Tokens whose logits are formed at once: bounds memory at this many rows of the vocabulary. */
const headRows = 256;

/** Runs a model over whole sequences from position 0. */
export class ForwardPass {
  readonly engine: Engine;
  readonly model: Model;
  readonly #angles = new Map<number, { cos: FloatTensor; sin: FloatTensor }>();

  constructor(engine: Engine, model: Model) {
    this.engine = engine;
    this.model = model;
  }

  /** Rotary tables of positions 0 to length. */
  angles(length: number): { cos: FloatTensor; sin: FloatTensor } {
    const known = this.#angles.get(length);
    if (known !== undefined) return known;
    const { rope, headDim } = this.model.architecture;
    const { cos, sin } = ropeTables(rope, 0, length);
    const shape = [length, headDim / 2];
    const tables = { cos: floats(shape, cos), sin: floats(shape, sin) };
    this.#angles.set(length, tables);
    return tables;
  }

  /** The embedded tokens `[batch, length, hidden]`. */
  async embed({ ids, batch, length }: TokenBatch): Promise<FloatTensor> {
    const { architecture, weights } = this.model;
    const program = await this.engine.cached(`embed ${batch} ${length}`, () =>
      embedProgram(architecture, batch, length),
    );
    const { x } = await program.run({ embedding: weights.embedding, ids: indices([batch, length], ids) });
    return x as FloatTensor;
  }

  /** The stream `[batch, length, hidden]` after a layer. */
  async block(layer: number, x: FloatTensor): Promise<FloatTensor> {
    const { architecture, weights } = this.model;
    const [batch = 1, length = 1] = x.shape;
    const program = await this.engine.cached(`softmax block ${batch} ${length}`, () =>
      softmaxBlockProgram(architecture, batch, length),
    );
    const { y } = await program.run({
      x,
      ...this.angles(length),
      ...(weights.layers[layer] as Record<string, Tensor>),
    });
    return y as FloatTensor;
  }

  /** The stream after the last layer, before the final norm; `visit` sees the stream after each layer (0: the embedding). */
  async hidden(
    tokens: TokenBatch,
    visit?: (layer: number, x: FloatTensor) => void | Promise<void>,
  ): Promise<FloatTensor> {
    let x = await this.embed(tokens);
    await visit?.(0, x);
    for (let layer = 0; layer < this.model.architecture.layers; layer++) {
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
    const { logits } = await program.run({ x: hidden, finalNorm: weights.finalNorm, head: weights.head });
    return logits as FloatTensor;
  }

  /** −log p in nats of tokens 2 to length of one sequence: element i belongs to token i + 1. */
  async losses(ids: ArrayLike<number>): Promise<Float32Array> {
    const { architecture, weights } = this.model;
    const length = ids.length;
    const hidden = floatsOf(await this.hidden({ ids, batch: 1, length }));
    const losses = new Float32Array(length - 1);
    for (let start = 0; start < length - 1; start += headRows) {
      const rows = Math.min(headRows, length - 1 - start);
      const width = architecture.hiddenSize;
      const program = await this.engine.cached(`score ${rows}`, () => scoreProgram(architecture, rows));
      const targets = Array.from({ length: rows }, (_unused, row) => ids[start + row + 1] ?? 0);
      const x = floats([rows, width], hidden.subarray(start * width, (start + rows) * width));
      const { loss } = await program.run({
        x,
        finalNorm: weights.finalNorm,
        head: weights.head,
        targets: indices([rows, 1], targets),
      });
      losses.set(floatsOf(loss as Tensor), start);
    }
    return losses;
  }
}
