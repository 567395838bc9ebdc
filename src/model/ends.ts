/** The two ends of a model as an architecture describes them: from tokens to the first stream, from the last one to logits. */
import { SubquadError } from "../errors.ts";
import { type Architecture, beginRoles, endRoles, type ModelRole, modelShapes } from "../families/index.ts";
import {
  add,
  divide,
  input,
  integers,
  matmul,
  minimum,
  multiply,
  type QuantizedMatrix,
  quantizedMatmul,
  rows,
  type TensorType,
  tanh,
  type Value,
} from "../graph/index.ts";
import { activations } from "./activations.ts";
import { normalizedBy } from "./norm.ts";
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

/** Throws a SubquadError where a sequence of so many tokens has more than the table of learned positions has rows. */
export function requirePlaces({ family, embedding: { positions } }: Architecture, tokens: number): void {
  const most = positions === undefined ? tokens : positions.count - positions.offset;
  if (tokens > most)
    throw new SubquadError(
      `${family} models learn their positions, and this one has ${most}: a sequence of ${tokens} tokens is too long`,
    );
}

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

/** Tokens and where they stand. */
export interface Tokens {
  /** `[batch, length]`, int64. */
  readonly ids: Value;
  /** `[batch or 1, length]`, int64. */
  readonly positions: Value;
  /** The segment each token belongs to, `[batch, length]`, int64 (default: the first). */
  readonly segments?: Value | undefined;
}

/** The first stream `[batch, length, hidden]`. */
export function embedded(
  { ids, positions, segments = integers([0]) }: Tokens,
  values: EndValues,
  { embedding }: Architecture,
): Value {
  const { scale, norm } = embedding;
  const read = rows(weightOf(values, "embedding"), ids);
  let x = scale === 1 ? read : multiply(read, scale);
  if (embedding.positions !== undefined) {
    // Padding may lie behind the table's end.
    const { count, offset } = embedding.positions;
    const places = minimum(add(positions, integers([offset])), integers([count - 1]));
    x = add(x, rows(weightOf(values, "positions"), places));
  }
  if (embedding.segments !== undefined) x = add(x, rows(weightOf(values, "segments"), segments));
  return norm === undefined ? x : normalizedBy(x, "embeddingNorm", values, norm);
}

function transformed(
  x: Value,
  values: EndValues,
  { activation, norm }: NonNullable<Architecture["head"]["transform"]>,
): Value {
  const product = matmul(x, weightOf(values, "transform"), { transposeB: true });
  const activated = activations[activation](add(product, weightOf(values, "transformBias")));
  return normalizedBy(activated, "transformNorm", values, norm);
}

/** The last stream `[…, hidden]` as the head reads it: normed, maybe transformed, scaled. */
export function finalStates(x: Value, values: EndValues, { norm, head }: Architecture): Value {
  const normal = norm === undefined ? x : normalizedBy(x, "finalNorm", values, norm);
  const read = head.transform === undefined ? normal : transformed(normal, values, head.transform);
  return head.scale === 1 ? read : multiply(read, head.scale);
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
