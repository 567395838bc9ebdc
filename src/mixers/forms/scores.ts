/** How queries and keys are scored. */
import { divide, matmul, multiply, tanh, type Value } from "../../graph/index.ts";
import type { MixerSpec } from "../spec.ts";

/** Scores `[…, queries, keys]` of queries `[…, queries, dim]` and keys `[…, keys, dim]`, scaled, and capped where the mixer caps them. */
export function scoresOf({ scale, cap }: MixerSpec, queries: Value, keys: Value): Value {
  const dim = queries.shape.at(-1) ?? 1;
  const products = matmul(queries, keys, { transposeB: true, scale: scale ?? dim ** -0.5 });
  return cap === undefined ? products : multiply(tanh(divide(products, cap)), cap);
}
