/** The interpreter's fused attention operators, written from their recurrences. */
import type { CachedAttentionAttributes, CausalAttentionAttributes } from "../../graph/index.ts";
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

const cachedAttention: Kernel = (inputs, attributes) => {
  const { scale } = attributes as CachedAttentionAttributes;
  const [queries, keys, values] = [take(inputs[0]), take(inputs[1]), take(inputs[2])];
  const [allKeys, allValues] = [take(inputs[3]), take(inputs[4])].map(({ shape, data }) => ({
    shape,
    data: data.slice(),
  }));
  const seen = take(inputs[5]);
  const [batch = 0, heads = 0, length = 0, dim = 0] = queries.shape;
  const [, groups = 1, capacity = 0] = take(allKeys).shape;
  const output = fill(queries.shape, 0);
  for (let b = 0; b < batch; b++) {
    const start = seen.data[b] ?? 0;
    for (let group = 0; group < groups; group++) {
      const [from, to] = [(b * groups + group) * length * dim, ((b * groups + group) * capacity + start) * dim];
      take(allKeys).data.set(keys.data.subarray(from, from + length * dim), to);
      take(allValues).data.set(values.data.subarray(from, from + length * dim), to);
    }
    for (let h = 0; h < heads; h++) {
      const base = (b * groups + Math.floor((h * groups) / heads)) * capacity;
      for (let t = 0; t < length; t++) {
        const row = ((b * heads + h) * length + t) * dim;
        const weights = Array.from({ length: start + t + 1 }, (_unused, s) => {
          let score = 0;
          for (let d = 0; d < dim; d++)
            score += (queries.data[row + d] ?? 0) * (take(allKeys).data[(base + s) * dim + d] ?? 0);
          return scale * score;
        });
        const peak = Math.max(...weights);
        const total = weights.reduce((sum, score) => sum + Math.exp(score - peak), 0);
        for (let d = 0; d < dim; d++) {
          output.data[row + d] = weights.reduce(
            (sum, score, s) =>
              sum + (Math.exp(score - peak) / total) * (take(allValues).data[(base + s) * dim + d] ?? 0),
            0,
          );
        }
      }
    }
  }
  return [output, take(allKeys), take(allValues)];
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

const gatedLinearAttention: Kernel = (inputs, attributes) => {
  const { decay: decays, strength: erases } = attributes as { decay: boolean; strength: boolean };
  const [queries, keys, values, initial] = [take(inputs[0]), take(inputs[1]), take(inputs[2]), take(inputs[3])];
  const decay = decays ? take(inputs[4]) : undefined;
  const strength = erases ? take(inputs[decays ? 5 : 4]) : undefined;
  const [batch = 0, heads = 0, length = 0, features = 0] = queries.shape;
  const dim = values.shape[3] ?? 0;
  const width = decay?.shape[3] ?? 1;
  const output = fill(values.shape, 0);
  const state = { shape: initial.shape, data: initial.data.slice() };
  for (let row = 0; row < batch * heads * length; row++) {
    const first = Math.floor(row / length) * features;
    const beta = strength?.data[row];
    for (let d = 0; d < dim; d++) {
      let recalled = 0;
      for (let f = 0; f < features; f++) {
        const cell = (first + f) * dim + d;
        const factor = decay === undefined ? 1 : Math.exp(decay.data[row * width + (width === 1 ? 0 : f)] ?? 0);
        state.data[cell] = factor * (state.data[cell] ?? 0);
        recalled += (keys.data[row * features + f] ?? 0) * (state.data[cell] ?? 0);
      }
      const value = values.data[row * dim + d] ?? 0;
      const written = beta === undefined ? value : beta * (value - recalled);
      let read = 0;
      for (let f = 0; f < features; f++) {
        const cell = (first + f) * dim + d;
        state.data[cell] = (state.data[cell] ?? 0) + (keys.data[row * features + f] ?? 0) * written;
        read += (queries.data[row * features + f] ?? 0) * (state.data[cell] ?? 0);
      }
      output.data[row * dim + d] = read;
    }
  }
  return [output, state];
};

/** Kernels of the fused attention operators. */
export const attentionKernels: Readonly<Record<string, Kernel>> = {
  cachedAttention,
  causalAttention,
  gatedLinearAttention,
  linearAttention,
};
