/** The parameters that were best on held-out text so far. */
import { type FloatTensor, floats } from "../runtime/index.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { Optimizer, Parameters } from "./optimizer.ts";

const prefix = "best/";

/** Remembers the best parameters where that is wanted; does nothing otherwise. */
export class Best {
  readonly #optimizer: Optimizer;
  readonly #wanted: boolean;
  #loss = Number.POSITIVE_INFINITY;
  #snapshot: Map<string, Parameters> | undefined;

  constructor(optimizer: Optimizer, wanted: boolean) {
    this.#optimizer = optimizer;
    this.#wanted = wanted;
  }

  /** Tells the held-out loss of the parameters as they stand. */
  observe(loss: number): void {
    if (!this.#wanted || !(loss < this.#loss)) return;
    this.#loss = loss;
    this.#snapshot = this.#optimizer.snapshot();
  }

  /** Puts the best parameters back. */
  adopt(): void {
    if (this.#snapshot !== undefined) this.#optimizer.adopt(this.#snapshot);
  }

  /** What a checkpoint must hold of them. */
  tensors(): Map<string, FloatTensor> {
    const all = new Map<string, FloatTensor>();
    if (this.#snapshot === undefined) return all;
    for (const [group, parameters] of this.#snapshot) {
      for (const [name, tensor] of Object.entries(parameters)) all.set(`${prefix}${group}/${name}`, tensor);
    }
    all.set(`${prefix}loss`, floats([1], Float32Array.of(this.#loss)));
    return all;
  }

  /** Takes up what `tensors` gave a checkpoint. */
  restore(checkpoint: Checkpoint): void {
    if (!this.#wanted || !checkpoint.has(`${prefix}loss`)) return;
    // The exact loss is in the curve; float32 would make an equal loss look better.
    const losses = checkpoint.progress.curve.map(({ heldOut }) => heldOut ?? Number.POSITIVE_INFINITY);
    this.#loss = Math.min(...losses);
    this.#snapshot = new Map();
    for (const [group, { parameters }] of this.#optimizer.groups) {
      const read = Object.entries(parameters).map(([name, { shape }]) => [
        name,
        floats(shape, checkpoint.read(`${prefix}${group}/${name}`)),
      ]);
      this.#snapshot.set(group, Object.fromEntries(read));
    }
  }
}
