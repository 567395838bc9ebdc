/** Sampling: greedy choices, distributions by temperature and nucleus, seeds, and the selection of the largest. */
import { describe, expect, test } from "vitest";
import { createSampler } from "../../src/inference/sampler.ts";
import { topIndices } from "../../src/inference/top.ts";
import { normals, uniform } from "../random.ts";

describe("the largest elements", () => {
  test.each([0, 1, 2, 10, 99, 100, 150])("%i of 100 are those of a full sort", (count) => {
    for (let seed = 1; seed <= 20; seed++) {
      const next = uniform(seed);
      // Few distinct values, so that there are ties.
      const values = Float32Array.from({ length: 100 }, () => Math.floor(next() * 30) - 15);
      const sorted = Array.from(values.keys()).sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0) || a - b);
      expect(topIndices(values, count)).toEqual(sorted.slice(0, count));
    }
  });

  test("leave out what is not a number, and include infinities", () => {
    expect(topIndices(Float32Array.of(Number.NaN, -Infinity, 2, Number.NaN, Infinity), 5)).toEqual([4, 2, 1]);
  });
});

describe("greedy", () => {
  test("takes the likeliest, the first of equals", () => {
    expect(createSampler()(Float32Array.of(-3, 5, 1, 5))).toBe(1);
    expect(createSampler({ temperature: 0, seed: 9 })(Float32Array.of(-3, -5))).toBe(0);
  });

  test.each([0, 1])("refuses logits that are no numbers, at temperature %i", (temperature) => {
    const sample = createSampler({ temperature });
    expect(() => sample(new Float32Array(5).fill(Number.NaN))).toThrow("not finite numbers");
    expect(() => sample(Float32Array.of(1, Infinity))).toThrow("not finite numbers");
  });
});

/** How often each id is drawn. */
function frequencies(logits: Float32Array, draws: number, options: Parameters<typeof createSampler>[0]): number[] {
  const sample = createSampler(options);
  const counts = new Array<number>(logits.length).fill(0);
  for (let draw = 0; draw < draws; draw++) {
    const id = sample(logits);
    counts[id] = (counts[id] ?? 0) + 1 / draws;
  }
  return counts;
}

function softmax(logits: Float32Array, temperature: number): number[] {
  const weights = Array.from(logits, (logit) => Math.exp(logit / temperature));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

describe("sampling", () => {
  const logits = Float32Array.from(normals(8, 3));
  const draws = 40_000;
  // Five standard deviations of a frequency.
  const tolerance = 5 * Math.sqrt(0.25 / draws);

  test.each([0.5, 1, 2])("draws from the softmax at temperature %d", (temperature) => {
    const expected = softmax(logits, temperature);
    frequencies(logits, draws, { temperature, seed: 1 }).forEach((frequency, id) => {
      expect(Math.abs(frequency - (expected[id] ?? 0))).toBeLessThan(tolerance);
    });
  });

  test.each([0.3, 0.7, 0.95])("keeps to the likeliest that reach a probability of %d", (topP) => {
    const probabilities = softmax(logits, 1);
    const order = [...probabilities.keys()].sort((a, b) => (probabilities[b] ?? 0) - (probabilities[a] ?? 0));
    const kept: number[] = [];
    for (let mass = 0; mass < topP; ) {
      const id = order[kept.length] ?? 0;
      kept.push(id);
      mass += probabilities[id] ?? 0;
    }
    const total = kept.reduce((sum, id) => sum + (probabilities[id] ?? 0), 0);
    frequencies(logits, draws, { temperature: 1, topP, seed: 2 }).forEach((frequency, id) => {
      const expected = kept.includes(id) ? (probabilities[id] ?? 0) / total : 0;
      if (expected === 0) expect(frequency).toBe(0);
      else expect(Math.abs(frequency - expected)).toBeLessThan(tolerance);
    });
  });

  test("a nucleus wider than the first guess is found whole", () => {
    const flat = new Float32Array(5000);
    const seen = new Set<number>();
    const sample = createSampler({ temperature: 1, topP: 0.5 });
    for (let draw = 0; draw < 400; draw++) seen.add(sample(flat));
    expect(Math.max(...seen)).toBeLessThan(2500);
    expect(Math.max(...seen)).toBeGreaterThan(2300);
  });

  test("equal seeds choose equally, others do not", () => {
    const flat = new Float32Array(1000);
    const sequence = (seed: number, topP: number) => {
      const sample = createSampler({ temperature: 1, topP, seed });
      return Array.from({ length: 20 }, () => sample(flat));
    };
    for (const topP of [1, 0.9]) {
      expect(sequence(4, topP)).toEqual(sequence(4, topP));
      expect(sequence(4, topP)).not.toEqual(sequence(5, topP));
    }
  });

  test("settings that mean nothing are refused", () => {
    expect(() => createSampler({ temperature: -1 })).toThrow("temperature of -1");
    expect(() => createSampler({ temperature: Number.NaN })).toThrow("temperature");
    for (const topP of [0, 1.5, Number.NaN]) expect(() => createSampler({ topP })).toThrow("top-p");
  });
});
