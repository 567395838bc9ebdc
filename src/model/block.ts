/** One transformer block, in the three pieces that mixers, teachers and students share. */
import {
  type Block,
  type Matrix,
  type Mlp,
  type NormPlace,
  type NormRole,
  normRole,
  type Sublayer,
} from "../families/index.ts";
import { add, integers, multiply, named, reshape, rotary, sigmoid, transpose, type Value } from "../graph/index.ts";
import type { Angles, MixerSpec } from "../mixers/index.ts";
import { activations } from "./activations.ts";
import { expertsOutput } from "./experts.ts";
import { normalized } from "./norm.ts";
import { type LayerValues, type Projection, weightOf } from "./projection.ts";

/** What a token mixer reads: queries `[batch, heads, length, dim]`, keys and values `[batch, groups, length, dim]`. */
export interface AttentionInputs {
  readonly queries: Value;
  readonly keys: Value;
  readonly values: Value;
  /** The normed stream that gates are projected from, `hidden` `[batch, length, hidden]`. */
  readonly streams: { readonly hidden: Value };
  readonly angles: Angles;
}

/**
 * Norm, projections and rotary positions: from the stream x `[batch, length, hidden]` to the mixer's inputs. Queries and keys
 * are rotated here where the mixer's `rope` is "before" (as a teacher's is), else left to the mixer.
 */
export function attentionInputs(
  x: Value,
  weights: LayerValues,
  project: Projection,
  angles: Angles,
  block: Block,
  rope: MixerSpec["rope"] = "before",
): AttentionInputs {
  const { heads, groups, keyHeads, headDim, valueDim = headDim, headNorms } = block;
  const [batch = 1, length = 1] = x.shape;
  const normal = normedAt("before", "attention", x, weights, block);
  const cut = (value: Value, count: number, dim = headDim) => reshape(value, [batch, length, count, dim]);
  const split = (value: Value, count: number, dim?: number) => transpose(cut(value, count, dim), [0, 2, 1, 3]);
  const made = (role: "queries" | "keys", count: number) => {
    const projected = scaled(project, normal, role, block);
    if (headNorms === "none") return split(projected, count);
    const rows = headNorms === "head" ? cut(projected, count) : projected;
    return split(normed(rows, `${role}Norm`, weights, block), count);
  };
  const rows = Array.from({ length: batch * length }, (_unused, index) => index % length);
  const positions = reshape(integers(rows), [batch, length]);
  const rotate = (value: Value) => (rope === "before" ? rotary(value, angles.cos, angles.sin, positions) : value);
  const values = named(split(scaled(project, normal, "values", block), groups, valueDim), "values");
  // A mixer that derives queries and keys looks at the values alone.
  const own = block.mixer.derived
    ? { queries: values, keys: values }
    : {
        queries: named(rotate(made("queries", keyHeads ?? heads)), "queries"),
        keys: named(rotate(made("keys", keyHeads ?? groups)), "keys"),
      };
  return {
    ...own,
    values,
    streams: { hidden: normal },
    angles,
  };
}

/** The heads' outputs `[batch, heads, length, dim]` side by side, `[batch, length, heads · dim]`. */
export function mergeHeads(mixed: Value): Value {
  const [batch = 1, heads = 1, length = 1, dim = 1] = mixed.shape;
  return reshape(transpose(mixed, [0, 2, 1, 3]), [batch, length, heads * dim]);
}

/**
 * Gate and output projection of the heads' outputs `[batch, heads, length, dim]`, beside what attention reads: what it adds to
 * the stream.
 */
export function attentionOutput(
  mixed: Value,
  { streams }: Pick<AttentionInputs, "streams">,
  project: Projection,
  block: Block,
): Value {
  const merged = mergeHeads(mixed);
  const gated = block.outputGate
    ? multiply(merged, sigmoid(scaled(project, streams.hidden, "outputGate", block)))
    : merged;
  return scaled(project, gated, "output", block);
}

/** A projection with its factor. */
function scaled(project: Projection, x: Value, role: Matrix, { factors }: Block): Value {
  const [product, factor] = [project(x, role), factors[role]];
  return factor === undefined ? product : multiply(product, factor);
}

function mlpOutput(normal: Value, project: Projection, block: Block, { gated, activation }: Mlp): Value {
  const activated = activations[activation];
  const by = (x: Value, role: Matrix) => scaled(project, x, role, block);
  const hidden = gated ? multiply(activated(by(normal, "gate")), by(normal, "up")) : activated(by(normal, "up"));
  return by(hidden, "down");
}

/** Residuals and MLP: from what attention adds to the stream x to the next stream, both `[batch, length, hidden]`. */
export function nextStream(x: Value, attention: Value, weights: LayerValues, project: Projection, block: Block): Value {
  const { residual, mlp } = block;
  const norm = (place: NormPlace, sublayer: Sublayer, value: Value) => normedAt(place, sublayer, value, weights, block);
  const joined = (sublayer: Sublayer, stream: Value, output: Value) => {
    return norm("stream", sublayer, add(stream, norm("output", sublayer, output)));
  };
  const middle = joined("attention", x, attention);
  if (mlp === undefined) return named(middle, "block");
  const read = residual === "sequential" ? middle : x;
  const normal = norm("before", residual === "shared" ? "attention" : "mlp", read);
  return named(
    joined(
      "mlp",
      middle,
      mlp.experts ? expertsOutput(normal, weights, mlp, mlp.experts) : mlpOutput(normal, project, block, mlp),
    ),
    "block",
  );
}

/** A value by the norm of the given role. */
function normed(x: Value, role: NormRole, weights: LayerValues, { norm }: Block): Value {
  return normalized(x, weightOf(weights, role), norm.bias ? weightOf(weights, `${role}Bias`) : undefined, norm);
}

/** A value by a sublayer's norm at the given place, where the block has one there. */
function normedAt(place: NormPlace, sublayer: Sublayer, x: Value, weights: LayerValues, block: Block): Value {
  return block.norms.includes(place) ? normed(x, normRole(sublayer, place), weights, block) : x;
}

/** All that follows the mixer: from the heads' outputs to the next stream. */
export function blockOutput(
  x: Value,
  mixed: Value,
  pieces: Pick<AttentionInputs, "streams">,
  weights: LayerValues,
  project: Projection,
  block: Block,
): Value {
  return nextStream(x, attentionOutput(mixed, pieces, project, block), weights, project, block);
}
