/** One layer's transfer, group of heads by group of heads: small working sets, views instead of copies. */
import { headsAreAlike, type MixerSizes, type MixerSpec } from "../mixers/index.ts";
import { transferProgram } from "../model/transfer-block.ts";
import { type Engine, type FloatTensor, floats, floatsOf, type Tensor } from "../runtime/index.ts";
import type { Parameters } from "./optimizer.ts";

/** What the teacher's attention read and returned in one layer. */
export interface TeacherAttention {
  /** `[batch, heads, length, dim]`. */
  readonly queries: FloatTensor;
  /** `[batch, groups, length, dim]`. */
  readonly keys: FloatTensor;
  /** `[batch, groups, length, dim]`. */
  readonly values: FloatTensor;
  /** `[batch, heads, length, dim]`. */
  readonly attended: FloatTensor;
}

/** What is learned of a layer. */
export interface LayerTransfer {
  readonly spec: MixerSpec;
  readonly parameters: Parameters;
  /** Factor of the error in the gradients. */
  readonly scale: number;
  /** Factor of the attention weights' cross-entropy. */
  readonly weightsScale: number;
  readonly trained: readonly string[];
}

/** The error of one layer and its scaled gradients. */
export interface LayerTransferResult {
  readonly error: number;
  readonly gradients: Parameters;
}

/** Runs the transfer of one layer. Parameters that all have a head's row each learn apart by group; others as a whole. */
export async function transferLayer(
  engine: Engine,
  sizes: MixerSizes,
  attention: TeacherAttention,
  layer: LayerTransfer,
): Promise<LayerTransferResult> {
  const { batch, heads, groups } = sizes;
  const apart = headsAreAlike(layer.spec) && Object.values(layer.parameters).every(({ shape }) => shape[0] === heads);
  const parts = apart ? groups : 1;
  const rows = apart ? batch : 1;
  const partSizes = apart ? { ...sizes, batch: 1, heads: heads / groups, groups: 1 } : sizes;
  let gradients = zerosLike(layer);
  let previous = zerosLike(layer);
  let error = 0;
  for (let row = 0; row < rows; row++) {
    [gradients, previous] = [previous, gradients];
    for (let part = 0; part < parts; part++) {
      const place = row * parts + part;
      const share = (tensor: FloatTensor) => viewOf(tensor, place, rows * parts, partSizes.batch);
      const own = (tensor: FloatTensor) => headsOf(tensor, part, parts);
      const plan = {
        mixer: layer.spec,
        scale: layer.scale / (rows * parts),
        weightsScale: layer.weightsScale / (rows * parts),
        trained: layer.trained,
        accumulate: row > 0,
      };
      const key = `transfer ${JSON.stringify([partSizes, plan])}`;
      const program = await engine.cached(key, () => transferProgram(partSizes, plan));
      const feeds: Record<string, Tensor> = {
        queries: share(attention.queries),
        keys: share(attention.keys),
        values: share(attention.values),
        attended: share(attention.attended),
      };
      for (const [name, tensor] of Object.entries(layer.parameters)) feeds[`mixer.${name}`] = own(tensor);
      const into: Record<string, Tensor> = {};
      for (const [name, tensor] of Object.entries(gradients)) into[`gradient.${name}`] = own(tensor);
      if (row > 0) for (const [name, tensor] of Object.entries(previous)) feeds[`sum.${name}`] = own(tensor);
      const results = await program.run(feeds, into);
      error += (floatsOf(results.error as Tensor)[0] ?? Number.NaN) / (rows * parts);
    }
  }
  return { error, gradients };
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
