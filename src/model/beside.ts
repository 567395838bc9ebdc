/** The branch beside attention: a token mixer of its own, with dense projections that never learn apart from the model. */
import { type Block, type besideMatrices, type LayerRole, layerSizes } from "../families/index.ts";
import { matmul, multiply, type TensorType, type Value } from "../graph/index.ts";
import { chunked, stateLayout, step } from "../mixers/index.ts";
import type { BlockCall, Left } from "./call.ts";
import { mergeHeads, splitHeads } from "./heads.ts";
import { weightOf } from "./projection.ts";

const prefix = "beside.";
const parameterPrefix = `${prefix}mixer.`;

/** Entries whose names begin with a prefix, without it. */
const behind = <T>(all: Readonly<Record<string, T>>, beginning: string): Record<string, T> =>
  Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) =>
      name.startsWith(beginning) ? [[name.slice(beginning.length), value]] : [],
    ),
  );

/** The tensors the branch carries, by name; `capacity` is the most tokens of a sequence. */
export function besideState(
  { beside, hiddenSize }: Block,
  batch: number,
  capacity: number,
): Record<string, TensorType> {
  if (beside === undefined) return {};
  const { seen: _shared, ...tensors } = stateLayout(
    beside.mixer,
    layerSizes({ ...beside, hiddenSize }, batch, capacity),
  );
  return Object.fromEntries(Object.entries(tensors).map(([name, type]) => [prefix + name, type]));
}

/** What the branch adds to the stream, from the normed stream `[batch, length, hidden]`; undefined where there is none. */
export function besideOutput(
  normal: Value,
  { block, weights, past }: BlockCall,
): { readonly output: Value; readonly left: Left } | undefined {
  const { beside } = block;
  if (beside === undefined) return undefined;
  const { heads, groups, keyHeads, mixer, factors } = beside;
  const project = (x: Value, role: (typeof besideMatrices)[number]) => {
    const weight = weightOf<LayerRole>(weights, `${prefix}${role}`);
    const [product, factor = 1] = [matmul(x, weight, { transposeB: true }), factors[role]];
    return factor === 1 ? product : multiply(product, factor);
  };
  const inputs = {
    queries: splitHeads(project(normal, "queries"), keyHeads ?? heads),
    keys: splitHeads(project(normal, "keys"), keyHeads ?? groups),
    values: splitHeads(project(normal, "values"), groups),
    streams: { hidden: normal },
    parameters: behind(weights as Readonly<Record<string, Value>>, parameterPrefix),
  };
  if (past === undefined) return { output: project(mergeHeads(chunked(mixer, inputs).output), "output"), left: {} };
  const { parts, seen, count } = past;
  const continued = { ...inputs, state: { ...behind(parts, prefix), seen } };
  const single = count === undefined && normal.shape[1] === 1;
  const mixed = single ? step(mixer, continued) : chunked(mixer, { ...continued, ...(count && { count }) });
  const { seen: _shared, ...state } = mixed.state ?? {};
  return {
    output: project(mergeHeads(mixed.output), "output"),
    left: Object.fromEntries(Object.entries(state).map(([name, value]) => [prefix + name, value])),
  };
}
