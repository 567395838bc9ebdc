/** Hidden states of sequences that begin alike: what they share is computed once, what follows it in batches. */

import { bytesOf } from "../graph/index.ts";
import { angleTables } from "../model/angles.ts";
import { type PrefixSizes, prefixProgram, prefixState, sharesRows, suffixProgram } from "../model/shared-prefix.ts";
import { type FloatTensor, floats, type Tensor } from "../runtime/index.ts";
import type { ForwardPass } from "./forward.ts";

/** Token ids that follow the prefix of that index. */
export interface Suffix {
  readonly prefix: number;
  /** One or more. */
  readonly ids: readonly number[];
}

/** Prefixes, all of one length above zero, and what follows each of them. */
export interface SharedPrefixes {
  readonly prefixes: readonly (readonly number[])[];
  readonly suffixes: readonly Suffix[];
}

/** The stream after the last layer, before the final norm. */
export interface PrefixHidden {
  /** `[prefixes, length, hidden]`. */
  readonly prefixes: FloatTensor;
  /** For each suffix `[its length, hidden]`. */
  readonly suffixes: readonly Float32Array[];
}

/** Tokens of suffixes that run together: where batches of more are no faster (measured on two cores). */
const batchTokens = 512;
/** Bytes of state that suffixes running together may need in one layer. */
const batchStateBytes = 64 * 2 ** 20;

/** Suffixes that run together, padded on the right. */
interface Batch {
  readonly members: readonly number[];
  readonly length: number;
  x: FloatTensor;
}

/**
 * Runs prefixes and suffixes layer by layer, so that only one layer's states are held. Every layer must read in parts
 * (`readsInParts`). Rejects with the signal's reason once it is aborted.
 */
export async function hiddenAfterPrefixes(
  forward: ForwardPass,
  work: SharedPrefixes,
  signal?: AbortSignal,
): Promise<PrefixHidden> {
  const { engine, ablation } = forward;
  const { architecture, weights, mixers } = forward.model;
  const [prefix = 0, batch] = [work.prefixes[0]?.length, work.prefixes.length];
  const longest = prefix + Math.max(0, ...work.suffixes.map(({ ids }) => ids.length));
  const sizes: PrefixSizes = { batch, length: prefix, prefix, longest };
  let x = await forward.embed({ ids: work.prefixes.flat(), batch, length: prefix });
  const batches = await batchesOf(forward, work, sizes);
  const angles = angleTables(architecture, 0, longest);
  const rows = (start: number, length: number) => ({
    cos: part(angles.cos, start, length),
    sin: part(angles.sin, start, length),
  });
  for (const [layer, { spec, parameters }] of mixers.entries()) {
    signal?.throwIfAborted();
    const key = `${JSON.stringify(spec)} ${JSON.stringify(ablation)}`;
    const shared: Record<string, Tensor> = { ...weights.layers[layer] };
    for (const [name, weight] of Object.entries(parameters)) shared[`mixer.${name}`] = weight;
    const program = await engine.cached(`prefix ${batch} ${prefix} ${longest} ${key}`, () =>
      prefixProgram(architecture, spec, sizes, ablation),
    );
    const { y, ...state } = await program.run({ ...shared, ...rows(0, prefix), x });
    for (const each of batches) {
      const owners = each.members.map((member) => work.suffixes[member]?.prefix ?? 0);
      const asOne = batch === 1 && sharesRows(spec);
      const own = { ...sizes, batch: owners.length, length: each.length };
      const follow = await engine.cached(`suffix ${own.batch} ${own.length} ${prefix} ${longest} ${asOne} ${key}`, () =>
        suffixProgram(architecture, spec, own, asOne, ablation),
      );
      const feeds: Record<string, Tensor> = { ...shared, ...rows(prefix, each.length), x: each.x };
      for (const [name, tensor] of Object.entries(state)) {
        feeds[name.replace("next.", "state.")] = asOne ? tensor : gathered(tensor as FloatTensor, owners);
      }
      each.x = (await follow.run(feeds)).y as FloatTensor;
    }
    x = y as FloatTensor;
  }
  const suffixes: Float32Array[] = [];
  for (const { members, length, x: hidden } of batches) {
    const width = architecture.hiddenSize;
    members.forEach((member, row) => {
      const tokens = work.suffixes[member]?.ids.length ?? 0;
      suffixes[member] = hidden.data.subarray(row * length * width, (row * length + tokens) * width);
    });
  }
  return { prefixes: x, suffixes };
}

/** The suffixes by length, as many together as the bounds allow. */
async function batchesOf(forward: ForwardPass, { suffixes }: SharedPrefixes, sizes: PrefixSizes): Promise<Batch[]> {
  const lengthOf = (member: number) => suffixes[member]?.ids.length ?? 0;
  const order = suffixes.map((_suffix, member) => member).sort((a, b) => lengthOf(b) - lengthOf(a));
  const most = Math.max(1, Math.floor(batchStateBytes / Math.max(1, stateBytes(forward, sizes))));
  const batches: Batch[] = [];
  for (let start = 0; start < order.length; ) {
    const length = lengthOf(order[start] ?? 0);
    const count = Math.min(most, Math.max(1, Math.floor(batchTokens / length)));
    const members = order.slice(start, start + count);
    const ids = members.flatMap((member) =>
      Array.from({ length }, (_unused, place) => suffixes[member]?.ids[place] ?? 0),
    );
    batches.push({ members, length, x: await forward.embed({ ids, batch: members.length, length }) });
    start += members.length;
  }
  return batches;
}

/** Bytes that one suffix needs in the layer with the largest state. */
function stateBytes({ model }: ForwardPass, sizes: PrefixSizes): number {
  const one = { ...sizes, batch: 1 };
  const layers = model.mixers.map(({ spec }) => Object.values(prefixState(model.architecture, spec, one)));
  return Math.max(...layers.map((types) => types.reduce((sum, type) => sum + bytesOf(type), 0)));
}

/** Rows of a table from `start`, not copied. */
function part({ shape, data }: FloatTensor, start: number, count: number): FloatTensor {
  const width = shape[1] ?? 1;
  return floats([count, width], data.subarray(start * width, (start + count) * width));
}

/** The rows of the tensor's first axis in the order of `owners`. */
function gathered({ shape, data }: FloatTensor, owners: readonly number[]): FloatTensor {
  const size = data.length / (shape[0] ?? 1);
  const tensor = floats([owners.length, ...shape.slice(1)]);
  owners.forEach((owner, row) => {
    tensor.data.set(data.subarray(owner * size, (owner + 1) * size), row * size);
  });
  return tensor;
}
