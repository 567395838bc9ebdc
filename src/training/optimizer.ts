/** The optimizer's state and steps over named groups of parameters. */
import { type Engine, type FloatTensor, floats, floatsOf, type Tensor, type Tensors } from "../runtime/index.ts";
import { type AdamWSettings, adamwProgram, type GroupShapes, squareProgram } from "./adamw.ts";
import { sumTensors } from "./sum-tensors.ts";

/** Trained tensors by name. */
export type Parameters = Record<string, FloatTensor>;

/** Parameters that are updated by one program; groups of equal shapes share it. */
export interface ParameterGroup {
  /** Current values; replaced by the optimizer after each step. */
  parameters: Parameters;
}

/** Gradients by group and parameter. */
export type Gradients = Map<string, Tensors>;

interface Moments {
  first: Parameters;
  second: Parameters;
}

/** AdamW over groups, with clipping by the global norm. */
export class Optimizer {
  readonly groups: ReadonlyMap<string, ParameterGroup>;
  readonly #engine: Engine;
  readonly #settings: AdamWSettings;
  readonly #moments = new Map<string, Moments>();
  #steps = 0;

  constructor(engine: Engine, groups: ReadonlyMap<string, ParameterGroup>, settings: AdamWSettings) {
    this.#engine = engine;
    this.groups = groups;
    this.#settings = settings;
    for (const [name, { parameters }] of groups) {
      this.#moments.set(name, { first: zerosLike(parameters), second: zerosLike(parameters) });
    }
  }

  /** Steps taken. */
  get steps(): number {
    return this.#steps;
  }

  /** The sums of two sets of gradients. */
  async add(left: Gradients, right: Gradients): Promise<Gradients> {
    const sums: Gradients = new Map();
    for (const name of this.groups.keys()) {
      sums.set(name, await sumTensors(this.#engine, left.get(name) ?? {}, right.get(name) ?? {}));
    }
    return sums;
  }

  /** The gradients' global norm. */
  async norm(gradients: Gradients): Promise<number> {
    let total = 0;
    for (const [name, group] of this.groups) {
      const shapes = shapesOf(group.parameters);
      const program = await this.#engine.cached(`square ${keyOf(shapes)}`, () => squareProgram(shapes));
      const { square } = await program.run(renamed(gradients.get(name) ?? {}, "gradient."));
      total += floatsOf(square as Tensor)[0] ?? 0;
    }
    return Math.sqrt(total);
  }

  /** One update of every group; gradients are multiplied by `factor` first. */
  async step(gradients: Gradients, learningRate: number, factor: number): Promise<void> {
    this.#steps++;
    const { beta1, beta2 } = this.#settings;
    const scalars = {
      learningRate: floats([], Float32Array.of(learningRate)),
      clip: floats([], Float32Array.of(factor)),
      correction1: floats([], Float32Array.of(1 - beta1 ** this.#steps)),
      correction2: floats([], Float32Array.of(1 - beta2 ** this.#steps)),
    };
    for (const [name, group] of this.groups) {
      const shapes = shapesOf(group.parameters);
      const program = await this.#engine.cached(`adamw ${keyOf(shapes)} ${JSON.stringify(this.#settings)}`, () =>
        adamwProgram(shapes, this.#settings),
      );
      const { first, second } = this.#momentsOf(name);
      const updated = await program.run({
        ...scalars,
        ...renamed(group.parameters, "parameter."),
        ...renamed(first, "first."),
        ...renamed(second, "second."),
        ...renamed(gradients.get(name) ?? {}, "gradient."),
      });
      group.parameters = stripped(updated, "new.parameter.");
      this.#moments.set(name, { first: stripped(updated, "new.first."), second: stripped(updated, "new.second.") });
    }
  }

  /** The parameters as they stand; later steps leave what was returned alone. */
  snapshot(): Map<string, Parameters> {
    return new Map([...this.groups].map(([name, { parameters }]) => [name, parameters]));
  }

  /** Puts a snapshot's parameters back; moments stay. */
  adopt(snapshot: ReadonlyMap<string, Parameters>): void {
    for (const [name, group] of this.groups) group.parameters = snapshot.get(name) ?? group.parameters;
  }

  /** Every tensor a resumed run needs, by a unique name. */
  tensors(): Map<string, FloatTensor> {
    const all = new Map<string, FloatTensor>();
    for (const [name, { parameters }] of this.groups) {
      const { first, second } = this.#momentsOf(name);
      for (const [kind, set] of Object.entries({ parameter: parameters, first, second })) {
        for (const [key, tensor] of Object.entries(set)) all.set(`${name}/${kind}/${key}`, tensor);
      }
    }
    return all;
  }

  /** Puts back what `tensors` returned, after `steps` steps. */
  restore(steps: number, read: (name: string) => Float32Array): void {
    this.#steps = steps;
    for (const [name, group] of this.groups) {
      const reread = (kind: string): Parameters =>
        Object.fromEntries(
          Object.entries(group.parameters).map(([key, { shape }]) => [
            key,
            floats(shape, read(`${name}/${kind}/${key}`)),
          ]),
        );
      this.#moments.set(name, { first: reread("first"), second: reread("second") });
      group.parameters = reread("parameter");
    }
  }

  #momentsOf(name: string): Moments {
    const moments = this.#moments.get(name);
    if (moments === undefined) throw new RangeError(`there is no parameter group "${name}"`);
    return moments;
  }
}

/** The name of a layer's group of parameters. */
export function layerGroup(layer: number): string {
  return `layer ${layer}`;
}

function zerosLike(parameters: Parameters): Parameters {
  return Object.fromEntries(Object.entries(parameters).map(([name, { shape }]) => [name, floats(shape)]));
}

function shapesOf(parameters: Parameters): GroupShapes {
  return new Map(Object.entries(parameters).map(([name, { shape }]) => [name, shape]));
}

function keyOf(shapes: GroupShapes): string {
  return [...shapes].map(([name, shape]) => `${name}[${shape.join()}]`).join(" ");
}

function renamed(tensors: Tensors, prefix: string): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [prefix + name, tensor]));
}

function stripped(tensors: Tensors, prefix: string): Parameters {
  return Object.fromEntries(
    Object.entries(tensors)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, tensor]) => [name.slice(prefix.length), tensor as FloatTensor]),
  );
}
