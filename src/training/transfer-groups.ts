/** One layer's transfer, group of heads by group of heads: small working sets, views instead of copies. */
import { headsAreAlike, type MixerSizes, type MixerSpec, mixerStreams } from "../mixers/index.ts";
import type { AngleTables } from "../model/angles.ts";
import { type LayerLoss, layerTerms } from "../model/layerwise-block.ts";
import { transferProgram } from "../model/transfer-block.ts";
import { type Engine, type FloatTensor, floats, floatsOf, type Tensor } from "../runtime/index.ts";
import type { Parameters } from "./optimizer.ts";

/** What the teacher's attention read and returned in one layer. */
export interface TeacherAttention {
  /** `[batch, heads, length, dim]`; rotated where the mixer's `rope` is "before". */
  readonly queries: FloatTensor;
  /** `[batch, groups, length, dim]`; likewise. */
  readonly keys: FloatTensor;
  /** `[batch, groups, length, dim]`. */
  readonly values: FloatTensor;
  /** `[batch, heads, length, dim]`. */
  readonly attended: FloatTensor;
  /** The normed stream `[batch, length, hidden]`, where the mixer reads it. */
  readonly hidden?: FloatTensor;
}

/** What is learned of a layer. */
export interface LayerTransfer {
  readonly spec: MixerSpec;
  /** The teacher's own mixer. */
  readonly teacher: MixerSpec;
  readonly parameters: Parameters;
  /** Factors of the terms in the gradients. */
  readonly loss: Pick<LayerLoss, "outputs" | "weights">;
  /** Parameters that learn. */
  readonly trained: readonly string[];
  /** Rotary tables of the length, where the mixer rotates queries and keys itself. */
  readonly angles?: AngleTables;
}

/** The terms of one layer by name, not weighted, and the gradients of their weighted sum by parameter. */
export interface LayerResult {
  readonly terms: Readonly<Record<string, number>>;
  readonly gradients: Parameters;
}

/** Runs the transfer of one layer. Parameters that all have a head's row each learn apart by group; others as a whole. */
export async function transferLayer(
  engine: Engine,
  sizes: MixerSizes,
  { hidden, ...attention }: TeacherAttention,
  layer: LayerTransfer,
): Promise<LayerResult> {
  const { batch, heads, groups } = sizes;
  const { spec, loss } = layer;
  const streams = hidden === undefined ? [] : Object.keys(mixerStreams(spec, sizes));
  const perHead = Object.values(layer.parameters).every(({ shape }) => shape[0] === heads);
  const apart = headsAreAlike(spec) && perHead && streams.length === 0;
  const parts = apart ? groups : 1;
  const rows = apart ? batch : 1;
  const partSizes = apart ? { ...sizes, batch: 1, heads: heads / groups, groups: 1 } : sizes;
  let gradients = zerosLike(layer);
  let previous = zerosLike(layer);
  const terms: Record<string, number> = {};
  for (let row = 0; row < rows; row++) {
    [gradients, previous] = [previous, gradients];
    for (let part = 0; part < parts; part++) {
      const place = row * parts + part;
      const share = (tensor: FloatTensor) => viewOf(tensor, place, rows * parts, partSizes.batch);
      const own = (tensor: FloatTensor) => headsOf(tensor, part, parts);
      const plan = {
        mixer: spec,
        teacher: layer.teacher,
        outputs: loss.outputs / (rows * parts),
        weights: loss.weights / (rows * parts),
        trained: layer.trained,
        accumulate: row > 0,
      };
      const key = `transfer ${JSON.stringify([partSizes, plan])}`;
      const program = await engine.cached(key, () => transferProgram(partSizes, plan));
      const feeds: Record<string, Tensor> = {};
      for (const [name, tensor] of Object.entries(attention)) feeds[name] = share(tensor);
      if (spec.rope !== "before") Object.assign(feeds, layer.angles);
      // A mixer's only stream in a block is the normed one that its gates are made of.
      for (const name of streams) if (hidden !== undefined) feeds[`stream.${name}`] = hidden;
      for (const [name, tensor] of Object.entries(layer.parameters)) feeds[`mixer.${name}`] = own(tensor);
      const into: Record<string, Tensor> = {};
      for (const [name, tensor] of Object.entries(gradients)) into[`gradient.${name}`] = own(tensor);
      if (row > 0) for (const [name, tensor] of Object.entries(previous)) feeds[`sum.${name}`] = own(tensor);
      addTerms(terms, await program.run(feeds, into), 1 / (rows * parts));
    }
  }
  return { terms, gradients };
}

/** Adds the terms among a program's results, each times `factor`. */
export function addTerms(terms: Record<string, number>, results: Readonly<Record<string, Tensor>>, factor = 1): void {
  for (const name of layerTerms) {
    const tensor = results[name];
    if (tensor !== undefined) terms[name] = (terms[name] ?? 0) + (floatsOf(tensor)[0] ?? Number.NaN) * factor;
  }
}

function zerosLike({ parameters, trained }: LayerTransfer): Parameters {
  const entries = Object.entries(parameters).filter(([name]) => trained.includes(name));
  return Object.fromEntries(entries.map(([name, { shape }]) => [name, floats(shape)]));
}

/** Part `place` of `count` of a tensor `[batch, heads, …]`, as a tensor of `batch` sequences over the same memory. */
function viewOf({ shape, data }: FloatTensor, place: number, count: number, batch: number): FloatTensor {
  const size = data.length / count;
  const [allBatch = 1, allHeads = 1, ...rest] = shape;
  return floats(
    [batch, (allBatch * allHeads) / (count * batch), ...rest],
    data.subarray(place * size, (place + 1) * size),
  );
}

/** The rows of a parameter that belong to a part of the heads, over the same memory. */
function headsOf({ shape, data }: FloatTensor, part: number, parts: number): FloatTensor {
  const size = data.length / parts;
  const [heads = 1, ...rest] = shape;
  return floats([heads / parts, ...rest], data.subarray(part * size, (part + 1) * size));
}
