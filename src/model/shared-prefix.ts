/** Blocks for sequences that begin alike: one for what they share, one for what follows it in each. */
import { type Block, layerShapes } from "../families/index.ts";
import {
  add,
  cast,
  concat,
  constant,
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
import { attentionInputs, blockOutput, type MixerReads } from "./block.ts";
import type { Past } from "./call.ts";
import { keepsEverything, mixerState, partsState, stateInputs } from "./layer-state.ts";
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

type Tensors = Readonly<Record<string, TensorType>>;
type Values = Readonly<Record<string, Value>>;

/** What a prefix leaves to a layer's mixer. */
function mixerPrefix(block: Block, spec: MixerSpec, { batch, prefix, longest }: PrefixSizes): Tensors {
  if (!carriesKeys(spec)) return mixerState(block, spec, { batch, capacity: longest });
  const shape = [batch, block.groups, prefix, block.headDim];
  return { keys: { dtype: "float32", shape }, values: { dtype: "float32", shape } };
}

/** What a prefix leaves to a block's own parts. */
const partsPrefix = (block: Block, { batch, longest }: PrefixSizes): Tensors =>
  partsState(block, { batch, capacity: longest });

/** The tensors a prefix leaves to what follows, for a batch of prefixes or suffixes. */
export function prefixState(block: Block, spec: MixerSpec, sizes: PrefixSizes): Tensors {
  return { ...mixerPrefix(block, spec, sizes), ...partsPrefix(block, sizes) };
}

/** The state before a sequence. */
const emptyState = (tensors: Tensors): Values =>
  Object.fromEntries(Object.entries(tensors).map(([name, { shape, dtype }]) => [name, cast(scalar(0, shape), dtype)]));

/** As many tokens before each sequence of a call. */
const allSeen = ({ batch }: PrefixSizes, tokens: number): Value => integers(new Array<number>(batch).fill(tokens));

/** What both programs share: projections before the mixer, output and MLP behind it. */
function blockAround(
  block: Block,
  spec: MixerSpec,
  { batch, length }: PrefixSizes,
  past: Past,
  mix: (reads: MixerReads) => { readonly output: Value; readonly state: Values },
  factor = 1,
): { readonly stream: Value; readonly state: Values } {
  const { x, angles } = blockInputs(block, batch, length);
  const weights = weightInputs(layerShapes(block));
  const call = { block, weights, project: denseProjection(weights), angles, past };
  const pieces = attentionInputs(x, call, spec.rope);
  const { output, state } = mix(pieces.mixer);
  const { stream, left } = blockOutput(x, multiply(output, factor), pieces, call);
  return { stream, state: { ...state, ...left } };
}

/**
 * Prefixes of one length through a layer: `x` `[batch, length, hidden]`, `cos`, `sin` from position 0, weights by role and
 * `mixer.NAME` → `y` and `next.NAME`, what follows needs of them (`prefixState`).
 */
export function prefixProgram(block: Block, spec: MixerSpec, sizes: PrefixSizes, ablation: Ablation = {}): Program {
  const seen = allSeen(sizes, 0);
  const mix = (reads: MixerReads) => {
    if (carriesKeys(spec)) {
      return {
        output: chunked(spec, { ...reads, parameters: {} }).output,
        state: { keys: reads.keys, values: reads.values },
      };
    }
    const parameters = mixerInputs(spec, block);
    const result = chunked(spec, {
      ...reads,
      parameters,
      state: { ...emptyState(mixerPrefix(block, spec, sizes)), seen },
      ablation: branchFactors(spec, ablation),
    });
    const { seen: _same, ...next } = result.state ?? {};
    return { output: result.output, state: next };
  };
  const past = { parts: emptyState(partsPrefix(block, sizes)), seen };
  const { stream, state } = blockAround(block, spec, sizes, past, mix, ablation.output);
  const next = Object.entries(state).map(([name, value]) => [`next.${name}`, value]);
  return program({ y: stream, ...Object.fromEntries(next) });
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
  const state = stateInputs(mixerPrefix(block, spec, shared ? { ...sizes, batch: 1 } : sizes), "state.");
  const seen = allSeen(sizes, sizes.prefix);
  const mix = (reads: MixerReads) => {
    const { keys, values } = state;
    if (carriesKeys(spec) && keys !== undefined && values !== undefined) {
      return { output: attendAfter(reads, keys, values, spec, block), state: {} };
    }
    const parameters = mixerInputs(spec, block);
    return {
      output: chunked(spec, {
        ...reads,
        parameters,
        state: { ...state, seen },
        ablation: branchFactors(spec, ablation),
      }).output,
      state: {},
    };
  };
  const past = { parts: stateInputs(partsPrefix(block, sizes), "state."), seen };
  return program({ y: blockAround(block, spec, sizes, past, mix, ablation.output).stream });
}

/** True where one prefix's tensors serve a whole batch of suffixes as they are. */
export function sharesRows(block: Block, spec: MixerSpec): boolean {
  return carriesKeys(spec) && Object.keys(partsState(block, { batch: 1, capacity: 1 })).length === 0;
}

/** Softmax attention over all keys of a prefix `[batch or 1, groups, prefix, dim]` and, causally, over the call's own. */
function attendAfter(
  { queries, keys, values }: MixerReads,
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
