/** The two ends of a model as an architecture describes them: from tokens to the first stream, from the last one to logits. */
import { type Architecture, beginRoles, endRoles, type ModelRole, modelShapes } from "../families/index.ts";
import {
  add,
  divide,
  input,
  integers,
  matmul,
  multiply,
  type QuantizedMatrix,
  quantizedMatmul,
  rows,
  type TensorType,
  tanh,
  type Value,
} from "../graph/index.ts";
import { normalized } from "./norm.ts";
import { weightOf } from "./projection.ts";

/** Weights outside the blocks, as graph values. */
export type EndValues = Readonly<Partial<Record<ModelRole, Value>>>;

/** Of a model's weights, those of the given roles. */
function chosen<T>(roles: readonly ModelRole[], weights: Readonly<Partial<Record<ModelRole, T>>>): Record<string, T> {
  return Object.fromEntries(
    roles.flatMap((role) => {
      const weight = weights[role];
      return weight === undefined ? [] : [[role, weight] as const];
    }),
  );
}

/** What programs that embed tokens read of a model's weights. */
export const beginFeeds = <T>(weights: Readonly<Partial<Record<ModelRole, T>>>): Record<string, T> =>
  chosen(beginRoles, weights);

/** The tokens before each sequence of a call, as programs that embed tokens read them where they ask for places. */
export function placeFeeds(
  architecture: Architecture,
  batch: number,
  seen = 0,
): { readonly seen?: TensorType & { readonly data: BigInt64Array } } {
  if (!embedsPositions(architecture)) return {};
  return { seen: { dtype: "int64", shape: [batch], data: new BigInt64Array(batch).fill(BigInt(seen)) } };
}

/** What programs that make logits read of a model's weights; a tied head as `head`. */
export const endFeeds = <T>(weights: Readonly<Partial<Record<ModelRole, T>>>): Record<string, T> =>
  chosen(endRoles, weights);

function inputsOf(roles: readonly ModelRole[], architecture: Architecture, prefix: string): EndValues {
  const { vocabularySize, hiddenSize } = architecture;
  const shapes = modelShapes(architecture).set("head", [vocabularySize, hiddenSize]);
  return chosen(roles, Object.fromEntries([...shapes].map(([role, shape]) => [role, input(prefix + role, shape)])));
}

/** Inputs of a model's beginning, named by their roles. */
export const beginInputs = (architecture: Architecture): EndValues => inputsOf(beginRoles, architecture, "");

/** Inputs of a model's end, named by their roles behind `prefix`. */
export const endInputs = (architecture: Architecture, prefix = ""): EndValues =>
  inputsOf(endRoles, architecture, prefix);

/** Whether the first stream depends on where tokens stand: then `seen`, int64 `[batch]`, says how many came before. */
export const embedsPositions = ({ embedding }: Architecture): boolean => embedding.positions !== undefined;

/** The first stream `[batch, length, hidden]` of ids `[batch, length]` at positions `[batch or 1, length]`. */
export function embedded(ids: Value, positions: Value, values: EndValues, { embedding }: Architecture): Value {
  const read = rows(weightOf(values, "embedding"), ids);
  const scaled = embedding.scale === 1 ? read : multiply(read, embedding.scale);
  if (embedding.positions === undefined) return scaled;
  const places = add(positions, integers([embedding.positions.offset]));
  return add(scaled, rows(weightOf(values, "positions"), places));
}

/** The last stream `[…, hidden]`, normed and scaled as the head reads it. */
export function finalStates(x: Value, values: EndValues, { norm, head }: Architecture): Value {
  const bias = norm?.bias ? weightOf(values, "finalNormBias") : undefined;
  const normal = norm === undefined ? x : normalized(x, weightOf(values, "finalNorm"), bias, norm);
  return head.scale === 1 ? normal : multiply(normal, head.scale);
}

/** Logits of final states, maybe by a head in 8 bits. */
export function logitsOf(states: Value, values: EndValues, { head }: Architecture, quantized?: QuantizedMatrix): Value {
  const product =
    quantized === undefined
      ? matmul(states, weightOf(values, "head"), { transposeB: true })
      : quantizedMatmul(states, quantized);
  const logits = head.bias ? add(product, weightOf(values, "headBias")) : product;
  return head.cap === undefined ? logits : multiply(tanh(divide(logits, head.cap)), head.cap);
}

/** Whether logits are a plain product, whose gradients are known without them. */
export const plainHead = ({ head }: Architecture): boolean => !head.bias && head.cap === undefined;
