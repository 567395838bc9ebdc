/** Memory for outputs that are computed again and again: taken once, written in place, accounted for. */
import { bytesOf, type TensorType } from "../graph/index.ts";
import type { Engine, Executable, Tensors } from "./engine.ts";
import { type Tensor, zeros } from "./tensor.ts";

/**
 * Tensors to hand to `Executable.run` as `into`. What is asked for under one key is the same memory each time: the next
 * run under that key overwrites it.
 */
export class Buffers {
  readonly #engine: Engine;
  readonly #purpose: string;
  readonly #held = new Map<string, Tensor>();

  /** `purpose` is what the engine's account calls the memory. */
  constructor(engine: Engine, purpose: string) {
    this.#engine = engine;
    this.#purpose = purpose;
  }

  /** The tensors of `key` for a program's outputs, or for those of the given names. */
  of<Output extends string>(
    key: string,
    { outputs }: Executable<Output>,
    names: readonly string[] = Object.keys(outputs),
  ): Partial<Tensors<Output>> {
    const result: Record<string, Tensor> = {};
    for (const [name, type] of Object.entries<TensorType>(outputs)) {
      if (!names.includes(name)) continue;
      const place = `${key}/${name} ${type.dtype}[${type.shape.join()}]`;
      result[name] = this.#held.get(place) ?? this.#take(place, type);
    }
    return result as Partial<Tensors<Output>>;
  }

  #take(place: string, type: TensorType): Tensor {
    const made = zeros(type);
    this.#held.set(place, made);
    this.#engine.memory.add(this.#purpose, bytesOf(type));
    return made;
  }
}
