/** The interpreter's fused attention operators, written from their recurrences. */
import type { CausalAttentionAttributes } from "../../graph/index.ts";
import { fill, type Kernel, take } from "./loops.ts";

const causalAttention: Kernel = (inputs, attributes) => {
  const { scale, window } = attributes as CausalAttentionAttributes;
  const [queries, keys, values] = [take(inputs[0]), take(inputs[1]), take(inputs[2])];
  const [batch = 0, heads = 0, length = 0, dim = 0] = queries.shape;
  const groups = keys.shape[1] ?? 1;
  const output = fill(queries.shape, 0);
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      const group = Math.floor((h * groups) / heads);
      const base = (b * groups + group) * length;
      for (let t = 0; t < length; t++) {
        const row = ((b * heads + h) * length + t) * dim;
        const first = window === 0 ? 0 : Math.max(0, t - window + 1);
        const scores: number[] = [];
        for (let s = first; s <= t; s++) {
          let score = 0;
          for (let d = 0; d < dim; d++) score += (queries.data[row + d] ?? 0) * (keys.data[(base + s) * dim + d] ?? 0);
          scores.push(scale * score);
        }
        const peak = Math.max(...scores);
        const weights = scores.map((score) => Math.exp(score - peak));
        const total = weights.reduce((a, c) => a + c, 0);
        weights.forEach((weight, index) => {
          for (let d = 0; d < dim; d++) {
            const part = (weight / total) * (values.data[(base + first + index) * dim + d] ?? 0);
            output.data[row + d] = (output.data[row + d] ?? 0) + part;
          }
        });
      }
    }
  }
  return [output];
};

const linearAttention: Kernel = (inputs) => {
  const [queries, keys, values, initial] = [take(inputs[0]), take(inputs[1]), take(inputs[2]), take(inputs[3])];
  const [batch = 0, heads = 0, length = 0, features = 0] = queries.shape;
  const dim = values.shape[3] ?? 0;
  const output = fill(values.shape, 0);
  const state = { shape: initial.shape, data: initial.data.slice() };
  for (let head = 0; head < batch * heads; head++) {
    for (let t = 0; t < length; t++) {
      const row = head * length + t;
      for (let f = 0; f < features; f++) {
        const [q, k] = [queries.data[row * features + f] ?? 0, keys.data[row * features + f] ?? 0];
        for (let d = 0; d < dim; d++) {
          const cell = (head * features + f) * dim + d;
          const next = (state.data[cell] ?? 0) + k * (values.data[row * dim + d] ?? 0);
          state.data[cell] = next;
          output.data[row * dim + d] = (output.data[row * dim + d] ?? 0) + q * next;
        }
      }
    }
  }
  return [output, state];
};

/** Kernels of the fused attention operators. */
export const attentionKernels: Readonly<Record<string, Kernel>> = { causalAttention, linearAttention };
