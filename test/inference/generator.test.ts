/** Generation: where it ends, what the state has taken in by then, and the samples it records. */
import { afterAll, describe, expect, test } from "vitest";
import { Decoder } from "../../src/inference/decoder.ts";
import { type GenerationSample, generate } from "../../src/inference/generator.ts";
import { createSampler } from "../../src/inference/sampler.ts";
import type { MixerSpec } from "../../src/mixers/index.ts";
import { createEngine } from "../../src/runtime/index.ts";
import { preset, randomIds, tinyModel } from "./tiny-model.ts";

const engine = createEngine({ threads: 1 });
afterAll(() => engine.release());
const slide: MixerSpec = { ...preset("lolcats"), window: { kind: "slide", size: 4 } };
const decoder = new Decoder(engine, tinyModel([slide]));
const prompt = randomIds(9, 61);
// Random weights soon repeat themselves when the likeliest token is taken.
const sampler = () => createSampler({ temperature: 1, seed: 3 });

async function begun() {
  const state = decoder.start();
  await decoder.prefill(state, prompt);
  return state;
}

async function collect(tokens: AsyncIterable<number>): Promise<number[]> {
  const ids: number[] = [];
  for await (const id of tokens) ids.push(id);
  return ids;
}

describe("generation", () => {
  test("is the model's own continuation: each token is sampled from the logits of all before it", async () => {
    const ids = await collect(generate(decoder, await begun(), { maxTokens: 12, sampler: createSampler() }));
    expect(ids).toHaveLength(12);
    for (const [place, id] of ids.entries()) {
      const state = decoder.start();
      await decoder.prefill(state, [...prompt, ...ids.slice(0, place)]);
      expect(createSampler()(state.logits.data)).toBe(id);
    }
  });

  test("ends with a stopping token, which the state has not taken in", async () => {
    const free = await collect(generate(decoder, await begun(), { maxTokens: 30, sampler: sampler() }));
    const stop = free[10] ?? -1;
    const state = await begun();
    const ids = await collect(generate(decoder, state, { maxTokens: 30, sampler: sampler(), stop: new Set([stop]) }));
    expect(ids).toEqual(free.slice(0, free.indexOf(stop) + 1));
    expect(state.tokens).toBe(prompt.length + ids.length - 1);
  });

  test("goes on after its end as if it had not ended", async () => {
    const whole = await collect(generate(decoder, await begun(), { maxTokens: 20, sampler: createSampler() }));
    const state = await begun();
    const first = await collect(generate(decoder, state, { maxTokens: 8, sampler: createSampler() }));
    await decoder.step(state, first.at(-1) ?? 0);
    const second = await collect(generate(decoder, state, { maxTokens: 12, sampler: createSampler() }));
    expect([...first, ...second]).toEqual(whole);
  });

  test("ends early when the signal is aborted, by its consumer too, with the same promise about the state", async () => {
    const controller = new AbortController();
    const [aborted, left] = [await begun(), await begun()];
    const settings = { maxTokens: 50, sampler: createSampler() };
    const ids: number[] = [];
    for await (const id of generate(decoder, aborted, { ...settings, signal: controller.signal })) {
      ids.push(id);
      if (ids.length === 5) controller.abort();
    }
    expect(ids).toHaveLength(5);
    expect(aborted.tokens).toBe(prompt.length + 4);
    let count = 0;
    for await (const _id of generate(decoder, left, settings)) if (++count === 5) break;
    expect(left.tokens).toBe(prompt.length + 4);
    expect(await collect(generate(decoder, left, { ...settings, signal: AbortSignal.abort() }))).toEqual([]);
  });

  test("needs a token to go on from", async () => {
    const nothing = collect(generate(decoder, decoder.start(), { maxTokens: 5, sampler: sampler() }));
    await expect(nothing).rejects.toThrow("the prompt has no tokens");
  });
});

describe("samples of memory and speed", () => {
  async function samples(maxTokens: number): Promise<GenerationSample[]> {
    const found: GenerationSample[] = [];
    const onSample = (sample: GenerationSample) => void found.push(sample);
    await collect(generate(decoder, await begun(), { maxTokens, sampler: sampler(), onSample }));
    return found;
  }

  test.each([
    [1, []],
    [40, [39]],
    [600, [250, 500]],
    [700, [250, 500, 699]],
  ])("of %i tokens are taken after %j steps", async (maxTokens, expected) => {
    const found = await samples(maxTokens);
    expect(found.map(({ tokens }) => tokens)).toEqual(expected);
    for (const sample of found) {
      expect(sample.tokens_per_second).toBeGreaterThan(0);
      expect(sample.memory_bytes).toBeGreaterThan(10e6);
    }
  });
});
