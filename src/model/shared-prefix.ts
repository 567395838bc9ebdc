/** Blocks for sequences that begin alike: one for what they share, one for what follows it in each. */
import { type Block, layerShapes } from "../families/index.ts";
import {
  add,
  cast,
  concat,
  constant,
  input,
  integers,
  matmul,
  multiply,
  type Program,
  program,
  reshape,
  scalar,
  softmax,
  split,
  type TensorType,
  type Value,
} from "../graph/index.ts";
import { chunked, type MixerSpec } from "../mixers/index.ts";
import { type AttentionInputs, attentionInputs, blockOutput } from "./block.ts";
import { keepsEverything, layerState } from "./decode.ts";
import { type Ablation, blockInputs, branchFactors, mixerInputs } from "./mixer-block.ts";
import { denseProjection, weightInputs } from "./projection.ts";

/** Sizes of the two programs of a layer. */
export interface PrefixSizes {
  /** Sequences of this call. */
  readonly batch: number;
  /** Tokens of this call. */
  readonly length: number;
  /** Tokens of the prefix. */
  readonly prefix: number;
  /** The most tokens of prefix and suffix together, for states that grow with them. */
  readonly longest: number;
}

/** True where a layer carries the prefix's keys and values rather than a state. */
function carriesKeys(spec: MixerSpec): boolean {
  return keepsEverything(spec) && (spec.rope === "before" || spec.rope === "none");
}

/** The tensors a prefix leaves to what follows, for a batch of prefixes or suffixes. */
export function prefixState(
  block: Block,
  spec: MixerSpec,
  { batch, prefix, longest }: PrefixSizes,
): Readonly<Record<string, TensorType>> {
  if (!carriesKeys(spec)) return layerState(block, spec, { batch, capacity: longest }).tensors;
  const shape = [batch, block.groups, prefix, block.headDim];
  return { keys: { dtype: "float32", shape }, values: { dtype: "float32", shape } };
}

/** What both programs share: projections before the mixer, output and MLP behind it. */
function blockAround(
  block: Block,
  spec: MixerSpec,
  { batch, length }: PrefixSizes,
  mix: (pieces: AttentionInputs) => { readonly output: Value; readonly state: Readonly<Record<string, Value>> },
  factor = 1,
): Program {
  const { x, angles } = blockInputs(block, batch, length);
  const weights = weightInputs(layerShapes(block));
  const project = denseProjection(weights);
  const pieces = attentionInputs(x, weights, project, angles, block, spec.rope);
  const { output, state } = mix(pieces);
  const y = blockOutput(x, multiply(output, factor), pieces, weights, project, block);
  return program({ y, ...Object.fromEntries(Object.entries(state).map(([name, value]) => [`next.${name}`, value])) });
}

/**
 * Prefixes of one length through a layer: `x` `[batch, length, hidden]`, `cos`, `sin` from position 0, weights by role and
 * `mixer.NAME` → `y` and `next.NAME`, what follows needs of them (`prefixState`).
 */
export function prefixProgram(block: Block, spec: MixerSpec, sizes: PrefixSizes, ablation: Ablation = {}): Program {
  const mix = (pieces: AttentionInputs) => {
    if (carriesKeys(spec)) {
      return {
        output: chunked(spec, { ...pieces, parameters: {} }).output,
        state: { keys: pieces.keys, values: pieces.values },
      };
    }
    const zeros = Object.entries(prefixState(block, spec, sizes));
    const state = Object.fromEntries(zeros.map(([name, { shape, dtype }]) => [name, cast(scalar(0, shape), dtype)]));
    const seen = integers(new Array<number>(sizes.batch).fill(0));
    const parameters = mixerInputs(spec, block);
    const result = chunked(spec, {
      ...pieces,
      parameters,
      state: { ...state, seen },
      ablation: branchFactors(spec, ablation),
    });
    const { seen: _same, ...next } = result.state ?? {};
    return { output: result.output, state: next };
  };
  return blockAround(block, spec, sizes, mix, ablation.output);
}

/**
 * What follows prefixes through a layer: `x` `[batch, length, hidden]`, padded on the right, `cos`, `sin` from the prefix's
 * end, weights by role, `mixer.NAME` and `state.NAME` (`prefixState`; one row serves all where `shared`) → `y`. Nothing
 * follows a suffix, so no state is returned.
 */
export function suffixProgram(
  block: Block,
  spec: MixerSpec,
  sizes: PrefixSizes,
  shared: boolean,
  ablation: Ablation = {},
): Program {
  const layout = prefixState(block, spec, shared ? { ...sizes, batch: 1 } : sizes);
  const state = Object.fromEntries(
    Object.entries(layout).map(([name, { shape, dtype }]) => [name, input(`state.${name}`, shape, dtype)]),
  );
  const mix = (pieces: AttentionInputs) => {
    const { keys, values } = state;
    if (carriesKeys(spec) && keys !== undefined && values !== undefined) {
      return { output: attendAfter(pieces, keys, values, spec, block), state: {} };
    }
    const seen = integers(new Array<number>(sizes.batch).fill(sizes.prefix));
    const parameters = mixerInputs(spec, block);
    return {
      output: chunked(spec, {
        ...pieces,
        parameters,
        state: { ...state, seen },
        ablation: branchFactors(spec, ablation),
      }).output,
      state: {},
    };
  };
  return blockAround(block, spec, sizes, mix, ablation.output);
}

/** True where one prefix's tensors serve a whole batch of suffixes as they are. */
export function sharesRows(spec: MixerSpec): boolean {
  return carriesKeys(spec);
}

/** Softmax attention over all keys of a prefix `[batch or 1, groups, prefix, dim]` and, causally, over the call's own. */
function attendAfter(
  { queries, keys, values }: AttentionInputs,
  prefixKeys: Value,
  prefixValues: Value,
  spec: MixerSpec,
  { heads, groups, headDim }: Block,
): Value {
  const [batch = 1, , length = 1] = queries.shape;
  const rows = (heads / groups) * length;
  const scale = spec.scale ?? headDim ** -0.5;
  // The heads of a group lie one behind another as rows: all meet the same keys.
  const grouped = reshape(queries, [batch, groups, rows, headDim]);
  const before = matmul(grouped, prefixKeys, { transposeB: true, scale });
  const own = add(matmul(grouped, keys, { transposeB: true, scale }), causalBias(rows, length));
  const weights = softmax(concat([before, own], 3));
  const [ofPrefix, ofOwn] = split(weights, 3, [prefixKeys.shape[2] ?? 0, length]) as [Value, Value];
  const met = add(matmul(ofPrefix, prefixValues), matmul(ofOwn, values));
  return reshape(met, [batch, heads, length, headDim]);
}

/** 0 for keys a query sees, −1e9 for later ones; the rows repeat the queries for each head of a group. */
function causalBias(rows: number, length: number): Value {
  const bias = Float32Array.from({ length: rows * length }, (_unused, at) =>
    at % length <= Math.floor(at / length) % length ? 0 : -1e9,
  );
  return constant(bias, [rows, length]);
}
