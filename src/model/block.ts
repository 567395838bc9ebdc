/** One transformer block, in the three pieces that mixers, teachers and students share. */
import {
  type Block,
  type Matrix,
  type Mlp,
  type NormPlace,
  normRole,
  type StreamMatrix,
  type Sublayer,
} from "../families/index.ts";
import { add, integers, multiply, named, reshape, rotary, sigmoid, type Value } from "../graph/index.ts";
import type { Angles, MixerSpec } from "../mixers/index.ts";
import { activations } from "./activations.ts";
import { besideOutput } from "./beside.ts";
import type { BlockCall, Left } from "./call.ts";
import { expertsOutput } from "./experts.ts";
import { mergeHeads, splitHeads } from "./heads.ts";
import { normalizedBy } from "./norm.ts";
import type { Projection } from "./projection.ts";
import { type Shifted, shifted } from "./shift.ts";

/** What a token mixer reads: queries `[batch, heads, length, dim]`, keys and values `[batch, groups, length, dim]`. */
export interface MixerReads {
  readonly queries: Value;
  readonly keys: Value;
  readonly values: Value;
  /** The normed stream that gates are projected from, `hidden` `[batch, length, hidden]`. */
  readonly streams: { readonly hidden: Value };
  readonly angles: Angles;
}

/** What is known of a block before its mixer's outputs are. */
export interface AttentionInputs {
  readonly mixer: MixerReads;
  /** Numbers that the gate of the heads' outputs is the sigmoid of, `[batch, length, heads · dim]`. */
  readonly gate?: Value;
  /** What the branch beside attention adds to the stream `[batch, length, hidden]`. */
  readonly beside?: Value;
  readonly left: Left;
}

/** A block's next stream `[batch, length, hidden]`, and what its parts leave for later calls. */
export interface Streamed {
  readonly stream: Value;
  readonly left: Left;
}

/**
 * Norm, projections and rotary positions: from the stream x `[batch, length, hidden]` to the mixer's inputs. Queries and keys
 * are rotated here where the mixer's `rope` is "before" (as a teacher's is), else left to the mixer.
 */
export function attentionInputs(x: Value, call: BlockCall, rope: MixerSpec["rope"] = "before"): AttentionInputs {
  const { block, weights, project, angles } = call;
  const { heads, groups, keyHeads, headDim, headNorms, outputGate } = block;
  const [batch = 1, length = 1] = x.shape;
  const normal = normedAt("before", "attention", x, call);
  const source = shifted(normal, "attention", call);
  const projected = (role: StreamMatrix) => scaled(project, source.read(role), role, block);
  const made = (role: "queries" | "keys", count: number) => {
    const product = projected(role);
    if (headNorms === "none") return splitHeads(product, count);
    const rows = headNorms === "whole" ? product : reshape(product, [batch, length, count, headDim]);
    return splitHeads(reshape(normalizedBy(rows, `${role}Norm`, weights, block.norm), product.shape), count);
  };
  const rows = Array.from({ length: batch * length }, (_unused, index) => index % length);
  const positions = reshape(integers(rows), [batch, length]);
  const rotate = (value: Value) => (rope === "before" ? rotary(value, angles.cos, angles.sin, positions) : value);
  const values = named(splitHeads(projected("values"), groups), "values");
  // A mixer that derives queries and keys looks at the values alone.
  const own = block.mixer.derived
    ? { queries: values, keys: values }
    : {
        queries: named(rotate(made("queries", keyHeads ?? heads)), "queries"),
        keys: named(rotate(made("keys", keyHeads ?? groups)), "keys"),
      };
  const beside = besideOutput(normal, call);
  return {
    mixer: { ...own, values, streams: { hidden: normal }, angles },
    ...(outputGate && { gate: projected(outputGate === "queries" ? "queries" : "outputGate") }),
    ...(beside && { beside: beside.output }),
    left: { ...source.left, ...beside?.left },
  };
}

/** Gate and output projection of the heads' outputs `[batch, heads, length, dim]`: what attention adds to the stream. */
export function attentionOutput(
  mixed: Value,
  { gate }: Pick<AttentionInputs, "gate">,
  { project, block }: Pick<BlockCall, "project" | "block">,
): Value {
  const merged = mergeHeads(mixed);
  return scaled(project, gate === undefined ? merged : multiply(merged, sigmoid(gate)), "output", block);
}

/** A projection with its factor. */
function scaled(project: Projection, x: Value, role: Matrix, block: Block): Value {
  return timesFactor(project(x, role), role, block);
}

function timesFactor(product: Value, role: Matrix, { factors }: Block): Value {
  const factor = factors[role] ?? 1;
  return factor === 1 ? product : multiply(product, factor);
}

/** What an MLP makes of its normed stream. */
function mlpOutput(normal: Value, mlp: Mlp, source: Shifted, { block, weights, project }: BlockCall): Value {
  const activated = activations[mlp.activation];
  const by = (role: StreamMatrix) => scaled(project, source.read(role), role, block);
  const dense = () => {
    const hidden = mlp.gated ? multiply(activated(by("gate")), by("up")) : activated(by("up"));
    return scaled(project, hidden, "down", block);
  };
  const output = mlp.experts ? timesFactor(expertsOutput(normal, weights, mlp, mlp.experts), "down", block) : dense();
  return mlp.outputGate ? multiply(output, sigmoid(by("mlpOutputGate"))) : output;
}

/** Residuals and MLP: from what attention adds to the stream x to the next stream, both `[batch, length, hidden]`. */
export function nextStream(
  x: Value,
  attention: Value,
  { beside }: Pick<AttentionInputs, "beside">,
  call: BlockCall,
): Streamed {
  const { residual, mlp } = call.block;
  const norm = (place: NormPlace, sublayer: Sublayer, value: Value) => normedAt(place, sublayer, value, call);
  const joined = (sublayer: Sublayer, stream: Value, output: Value) => {
    return norm("stream", sublayer, add(stream, norm("output", sublayer, output)));
  };
  const middle = joined("attention", x, beside === undefined ? attention : add(attention, beside));
  if (mlp === undefined) return { stream: named(middle, "block"), left: {} };
  const read = residual === "sequential" ? middle : x;
  const normal = norm("before", residual === "shared" ? "attention" : "mlp", read);
  const source = shifted(normal, "mlp", call);
  return { stream: named(joined("mlp", middle, mlpOutput(normal, mlp, source, call)), "block"), left: source.left };
}

/** A value by a sublayer's norm at the given place, where the block has one there. */
function normedAt(place: NormPlace, sublayer: Sublayer, x: Value, { weights, block }: BlockCall): Value {
  return block.norms.includes(place) ? normalizedBy(x, normRole(sublayer, place), weights, block.norm) : x;
}

/** All that follows the mixer: from the heads' outputs to the next stream, and what the whole block leaves for later calls. */
export function blockOutput(x: Value, mixed: Value, pieces: AttentionInputs, call: BlockCall): Streamed {
  const { stream, left } = nextStream(x, attentionOutput(mixed, pieces, call), pieces, call);
  return { stream, left: { ...pieces.left, ...left } };
}
