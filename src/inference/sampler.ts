/** Choosing the next token from its logits. */
import { SubquadError } from "../errors.ts";
import { uniform } from "./random.ts";
import { topIndices } from "./top.ts";

/** How tokens are chosen. */
export interface SamplerOptions {
  /** 0 takes the likeliest token (default); 1 samples from the model's own distribution. */
  readonly temperature?: number;
  /** Sample from the likeliest tokens that together have this probability (arXiv 1904.09751); 1, the default: from all. */
  readonly topP?: number;
  /** Equal seeds give equal choices. */
  readonly seed?: number;
}

/** Chooses a token id. Throws a SubquadError where the logits are not numbers. */
export type Sampler = (logits: Float32Array) => number;

/** First guess at how many tokens a nucleus holds; it is widened until it suffices. */
const nucleusGuess = 64;

/** Makes a sampler. Throws a SubquadError for a negative temperature or a probability outside (0, 1]. */
export function createSampler({ temperature = 0, topP = 1, seed = 0 }: SamplerOptions = {}): Sampler {
  if (!(temperature >= 0)) throw new SubquadError(`a temperature of ${temperature} is not possible: give 0 or more`);
  if (!(topP > 0 && topP <= 1))
    throw new SubquadError(`a top-p of ${topP} is not possible: give more than 0, at most 1`);
  if (temperature === 0) return likeliest;
  const random = uniform(seed);
  return (logits) => {
    const peak = logits[likeliest(logits)] ?? 0;
    const weightOf = (id: number) => Math.exp(((logits[id] ?? Number.NEGATIVE_INFINITY) - peak) / temperature);
    let total = 0;
    for (let id = 0; id < logits.length; id++) total += weightOf(id) || 0;
    if (topP < 1) return drawn(nucleus(logits, topP * total, weightOf), weightOf, random);
    let left = random() * total;
    for (let id = 0; id < logits.length; id++) {
      left -= weightOf(id) || 0;
      if (left < 0) return id;
    }
    return likeliest(logits);
  };
}

/** The id of the largest logit, the first of equals. */
function likeliest(logits: Float32Array): number {
  let best = -1;
  let peak = Number.NEGATIVE_INFINITY;
  for (let id = 0; id < logits.length; id++) {
    const logit = logits[id] ?? Number.NaN;
    if (logit > peak) [best, peak] = [id, logit];
  }
  if (best < 0 || peak === Number.POSITIVE_INFINITY) {
    throw new SubquadError("the model's logits are not finite numbers: its weights or its state are damaged");
  }
  return best;
}

/** The fewest likeliest ids whose weights reach `wanted`. */
function nucleus(logits: Float32Array, wanted: number, weightOf: (id: number) => number): number[] {
  for (let count = nucleusGuess; ; count *= 4) {
    const ids = topIndices(logits, count);
    let sum = 0;
    for (const [index, id] of ids.entries()) {
      sum += weightOf(id);
      if (sum >= wanted) return ids.slice(0, index + 1);
    }
    if (count >= logits.length) return ids;
  }
}

function drawn(ids: readonly number[], weightOf: (id: number) => number, random: () => number): number {
  const total = ids.reduce((sum, id) => sum + weightOf(id), 0);
  let left = random() * total;
  for (const id of ids) {
    left -= weightOf(id);
    if (left < 0) return id;
  }
  return ids[0] ?? 0;
}
