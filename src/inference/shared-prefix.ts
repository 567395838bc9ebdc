/** Sequences that begin alike: what they share is read once, and what follows it in batches. */
import { blockOf } from "../families/index.ts";
import { bytesOf } from "../graph/index.ts";
import { type AngleTables, angleTables, layerAngles } from "../model/angles.ts";
import { type PrefixSizes, prefixProgram, prefixState, sharesRows, suffixProgram } from "../model/shared-prefix.ts";
import { type FloatTensor, memoryOf, type Tensor, zeros } from "../runtime/index.ts";
import type { ForwardPass } from "./forward.ts";
import type { Model } from "./model.ts";

/** What prefixes of one length leave to what follows them. */
export interface Prefixes {
  /** The stream after the last layer, before the final norm: `[prefixes, length, hidden]`. */
  readonly hidden: FloatTensor;
  /** For each layer, what its mixer carries, with a row for each prefix. */
  readonly layers: readonly Readonly<Record<string, Tensor>>[];
  /** The most tokens of a prefix and what follows it. */
  readonly longest: number;
}

/** Token ids that follow the prefix of that index. */
export interface Suffix {
  readonly prefix: number;
  /** One or more. */
  readonly ids: readonly number[];
}

/**
 * Reads prefixes, all of one length above zero; what follows may make them `longest` tokens long. Every layer of the model
 * must read in parts (`readsInParts`). Rejects with the signal's reason once it is aborted.
 */
export async function readPrefixes(
  forward: ForwardPass,
  prefixes: readonly (readonly number[])[],
  longest: number,
  signal?: AbortSignal,
): Promise<Prefixes> {
  const { engine, ablation } = forward;
  const { architecture, mixers } = forward.model;
  const [length = 0, batch] = [prefixes[0]?.length, prefixes.length];
  const sizes: PrefixSizes = { batch, length, prefix: length, longest };
  const layers: Record<string, Tensor>[] = [];
  const angles = angleTables(architecture, 0, length);
  let hidden = await forward.embed({ ids: prefixes.flat(), batch, length });
  for (const [layer, { spec }] of mixers.entries()) {
    signal?.throwIfAborted();
    const block = blockOf(architecture, layer);
    const key = `prefix ${batch} ${length} ${longest} ${JSON.stringify([spec, ablation, block])}`;
    const program = await engine.cached(key, () => prefixProgram(block, spec, sizes, ablation));
    const { y, ...state } = await program.run({ ...layerFeeds(forward.model, layer, angles), x: hidden });
    const named = Object.entries(state).map(([name, tensor]) => [name.replace("next.", "state."), tensor]);
    layers.push(Object.fromEntries(named));
    hidden = y as FloatTensor;
  }
  return { hidden, layers, longest };
}

/** Reads suffixes together, padded to the longest: the stream after the last layer of each, `[its length, hidden]`. */
export async function readSuffixes(
  forward: ForwardPass,
  { hidden, layers, longest }: Prefixes,
  suffixes: readonly Suffix[],
  signal?: AbortSignal,
): Promise<Float32Array[]> {
  const { engine, ablation } = forward;
  const { architecture, mixers } = forward.model;
  const [prefixes = 1, prefix = 1] = hidden.shape;
  const [length, batch] = [Math.max(...suffixes.map(({ ids }) => ids.length)), suffixes.length];
  const sizes: PrefixSizes = { batch, length, prefix, longest };
  const owners = suffixes.map((suffix) => suffix.prefix);
  const angles = angleTables(architecture, prefix, length);
  const ids = suffixes.flatMap((suffix) => Array.from({ length }, (_unused, place) => suffix.ids[place] ?? 0));
  let x = await forward.embed({ ids, batch, length, first: prefix });
  for (const [layer, { spec }] of mixers.entries()) {
    signal?.throwIfAborted();
    const block = blockOf(architecture, layer);
    const asOne = prefixes === 1 && sharesRows(block, spec);
    const key = `suffix ${batch} ${length} ${prefix} ${longest} ${asOne} ${JSON.stringify([spec, ablation, block])}`;
    const program = await engine.cached(key, () => suffixProgram(block, spec, sizes, asOne, ablation));
    const feeds: Record<string, Tensor> = { ...layerFeeds(forward.model, layer, angles), x };
    for (const [name, tensor] of Object.entries(layers[layer] ?? {})) {
      feeds[name] = asOne ? tensor : gathered(tensor, owners);
    }
    x = (await program.run(feeds)).y as FloatTensor;
  }
  const width = architecture.hiddenSize;
  return suffixes.map((suffix, row) =>
    x.data.subarray(row * length * width, (row * length + suffix.ids.length) * width),
  );
}

/** Bytes that one prefix leaves to what follows: in all layers, and in the layer with the most. */
export function prefixBytes(
  { architecture, mixers }: Model,
  prefix: number,
  longest: number,
): { readonly all: number; readonly layer: number } {
  const sizes = { batch: 1, length: prefix, prefix, longest };
  const layers = mixers.map(({ spec }, layer) =>
    Object.values(prefixState(blockOf(architecture, layer), spec, sizes)).reduce((sum, type) => sum + bytesOf(type), 0),
  );
  return { all: layers.reduce((sum, bytes) => sum + bytes, 0), layer: Math.max(0, ...layers) };
}

/** A layer's weights, its mixer's and its angles, as its programs name them. */
function layerFeeds(
  { architecture, weights, mixers }: Model,
  layer: number,
  angles: readonly AngleTables[],
): Record<string, Tensor> {
  const feeds: Record<string, Tensor> = { ...layerAngles(angles, architecture, layer), ...weights.layers[layer] };
  for (const [name, weight] of Object.entries(mixers[layer]?.parameters ?? {})) feeds[`mixer.${name}`] = weight;
  return feeds;
}

/** The rows of the tensor's first axis in the order of `owners`. */
function gathered(tensor: Tensor, owners: readonly number[]): Tensor {
  const { shape, dtype } = tensor;
  const result = zeros({ dtype, shape: [owners.length, ...shape.slice(1)] });
  const [source, target] = [memoryOf(tensor), memoryOf(result)];
  const size = source.length / (shape[0] ?? 1);
  owners.forEach((owner, row) => {
    target.set(source.subarray(owner * size, (owner + 1) * size), row * size);
  });
  return result;
}
