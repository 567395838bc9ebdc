/** Decoding equals the training form: prefill and step against the whole-sequence forward pass, at any split. */
import { afterAll, describe, expect, test } from "vitest";
import { Decoder, type DecoderOptions } from "../../src/inference/decoder.ts";
import { ForwardPass } from "../../src/inference/forward.ts";
import type { Model } from "../../src/inference/model.ts";
import { type MixerSpec, planMixer, presets } from "../../src/mixers/index.ts";
import { createEngine, floats } from "../../src/runtime/index.ts";
import { relativeError } from "../compare.ts";
import { preset, randomIds, softmax, tinyFalconH1, tinyModel, tinyRwkv } from "./tiny-model.ts";

const engine = createEngine({ threads: 1 });
afterAll(() => engine.release());

/** Logits after every token, from the training form. */
async function trained(model: Model, ids: readonly number[]): Promise<Float32Array[]> {
  const forward = new ForwardPass(createEngine({ threads: 1 }), model);
  const hidden = await forward.hidden({ ids, batch: 1, length: ids.length });
  const { data } = await forward.logits(floats([ids.length, model.architecture.hiddenSize], hidden.data));
  await forward.engine.release();
  const width = model.architecture.vocabularySize;
  return ids.map((_id, place) => data.slice(place * width, (place + 1) * width));
}

/** The largest error of decoded logits: `split` alternates prefilled parts (n > 0) and runs of steps (n < 0). */
async function decodingError(model: Model, ids: readonly number[], split: readonly number[], options?: DecoderOptions) {
  const expected = await trained(model, ids);
  const decoder = new Decoder(engine, model, options);
  const state = decoder.start();
  let worst = 0;
  const compare = () => {
    worst = Math.max(worst, relativeError(state.logits.data, expected[state.tokens - 1] ?? []));
  };
  for (const part of split) {
    const next = ids.slice(state.tokens, state.tokens + Math.abs(part));
    if (part > 0) {
      await decoder.prefill(state, next);
      compare();
    } else {
      for (const id of next) {
        await decoder.step(state, id);
        compare();
      }
    }
  }
  expect(state.tokens).toBe(ids.length);
  return worst;
}

const slide = (size: number): MixerSpec => ({ ...preset("lolcats"), window: { kind: "slide", size } });
const terrace = (size: number): MixerSpec => ({
  ...preset("lolcats-terrace"),
  window: { kind: "terrace", size, compat: false },
});

const besideState: MixerSpec = {
  ...preset("linear-attention"),
  window: { kind: "full" },
  mix: { kind: "sum", window: 0.5, linear: 0.5 },
};

const shortWindow: MixerSpec = {
  ...preset("sliding-window"),
  rope: "window",
  window: { kind: "slide", size: 8, store: "int8", sinks: { tokens: 2, capped: true, logits: 0 } },
};

const salientWindow: MixerSpec = {
  ...shortWindow,
  window: { ...shortWindow.window, kind: "salient", size: 8, block: 4, tokens: 6, age: 1e-3 },
};

const splits = [[96], [-96], [16, 64, 16], [5, -3, 70, -18], [33, -1, 62], [1, 1, -40, 54]];

describe("logits of decoding equal the training form's", () => {
  const specs: Record<string, readonly MixerSpec[]> = {
    softmax: [softmax],
    "lolcats, window 4": [slide(4)],
    "lolcats, window 64": [slide(64)],
    "lolcats terrace, window 8": [terrace(8)],
    "linear attention": [preset("linear-attention")],
    "a sliding window": [preset("sliding-window")],
    "softmax and lolcats in turns": [softmax, slide(8)],
    "softmax beside a state": [besideState],
    "a window of 8 bits that keeps first tokens": [shortWindow],
    "a window that retains salient tokens": [salientWindow],
  };
  for (const [name, mixers] of Object.entries(specs)) {
    test.each(splits)(`${name}, split as %j …`, async (...split) => {
      const model = tinyModel(mixers);
      const ids = randomIds(96, model.architecture.vocabularySize);
      expect(await decodingError(model, ids, split)).toBeLessThan(1e-4);
    });
  }

  const ownStates: Record<string, Model> = {
    "a branch beside attention": tinyFalconH1(),
    "a branch beside converted attention": tinyFalconH1([slide(8)]),
    "a branch beside both": tinyFalconH1([softmax, slide(8)]),
    "token shift": tinyRwkv(),
  };
  for (const [name, model] of Object.entries(ownStates)) {
    test.each(splits)(`${name}, split as %j …`, async (...split) => {
      const ids = randomIds(96, model.architecture.vocabularySize);
      expect(await decodingError(model, ids, split)).toBeLessThan(1e-4);
    });
  }

  test("of an untied head, without biases", async () => {
    const model = tinyModel([slide(8)], { tie_word_embeddings: false, attention_bias: false });
    expect(await decodingError(model, randomIds(24, 61), [13, -11])).toBeLessThan(1e-4);
  });

  test("of prompts longer than the longest chunk, and of buffers that grow", async () => {
    for (const model of [tinyModel([softmax, slide(8), besideState]), tinyFalconH1()])
      expect(await decodingError(model, randomIds(800, 61), [250, -10, 530, -10])).toBeLessThan(1e-4);
  });
});

describe("every preset with a step decodes inside a model as it was trained", () => {
  const sizes = { batch: 1, heads: 4, groups: 2, length: 8, dim: 8, hidden: 32 };
  const decodable = Object.entries(presets).filter(([, spec]) => {
    const { forms, streams } = planMixer(spec, sizes);
    // A model feeds its own stream, and nothing that a caller would choose.
    if (Object.keys(streams).some((name) => name !== "hidden")) return false;
    return forms.step === undefined && forms.chunked === undefined && spec.window?.kind !== "terrace";
  });
  test.each(decodable)("%s", async (_name, spec) => {
    const model = tinyModel([spec, slide(8)]);
    const ids = randomIds(90, model.architecture.vocabularySize);
    expect(await decodingError(model, ids, [70, -20])).toBeLessThan(2e-4);
  });
});

describe("terrace windows", () => {
  test("decoded as sliding ones are another model: that of the slide", async () => {
    const model = tinyModel([terrace(8)]);
    const ids = randomIds(48, 61);
    const sliding = { ...model, mixers: model.mixers.map((mixer) => ({ ...mixer, spec: slide(8) })) };
    const decoder = new Decoder(engine, model, { terraces: "slide" });
    const state = decoder.start();
    await decoder.prefill(state, ids);
    const [wanted, other] = [(await trained(sliding, ids)).at(-1), (await trained(model, ids)).at(-1)];
    expect(relativeError(state.logits.data, wanted ?? [])).toBeLessThan(1e-4);
    expect(relativeError(state.logits.data, other ?? [])).toBeGreaterThan(1e-2);
  });
});

describe("sequences", () => {
  test("do not disturb each other, even at once", async () => {
    const model = tinyModel([softmax, slide(4)]);
    const decoder = new Decoder(engine, model);
    const [first, second] = [randomIds(20, 61, 1), randomIds(20, 61, 2)];
    const [a, b] = [decoder.start(), decoder.start()];
    await Promise.all([decoder.prefill(a, first.slice(0, 12)), decoder.prefill(b, second.slice(0, 5))]);
    for (let place = 5; place < 20; place++) {
      const steps = [decoder.step(b, second[place] ?? 0)];
      if (place >= 12) steps.push(decoder.step(a, first[place] ?? 0));
      await Promise.all(steps);
    }
    expect(relativeError(a.logits.data, (await trained(model, first)).at(-1) ?? [])).toBeLessThan(1e-4);
    expect(relativeError(b.logits.data, (await trained(model, second)).at(-1) ?? [])).toBeLessThan(1e-4);
  });

  test("name a token outside the vocabulary and stay as they were", async () => {
    const decoder = new Decoder(engine, tinyModel([slide(4)]));
    const state = decoder.start();
    await expect(decoder.prefill(state, [3, 61])).rejects.toThrow("token 61 is outside the vocabulary of 61");
    await expect(decoder.step(state, -1)).rejects.toThrow("token -1 is outside the vocabulary");
    expect(state.tokens).toBe(0);
  });

  test("stop between chunks when asked", async () => {
    const decoder = new Decoder(engine, tinyModel([slide(4)]));
    const state = decoder.start();
    const controller = new AbortController();
    const reading = decoder.prefill(state, randomIds(1100, 61), {
      signal: controller.signal,
      onTokens: () => controller.abort(new Error("enough")),
    });
    await expect(reading).rejects.toThrow("enough");
    expect(state.tokens).toBe(512);
  });

  test("take the same memory however long they are, where no layer keeps everything", async () => {
    for (const model of [tinyModel([slide(4), preset("linear-attention")]), tinyFalconH1([slide(4)]), tinyRwkv()])
      await staysAsLarge(new Decoder(engine, model));
  });

  async function staysAsLarge(decoder: Decoder) {
    const state = decoder.start();
    await decoder.prefill(state, [1]);
    const [bytes, tensors, spare] = [state.bytes, state.tensors, state.spare];
    await decoder.prefill(state, randomIds(600, 61));
    for (const id of randomIds(21, 61)) await decoder.step(state, id);
    expect(state.bytes).toBe(bytes);
    expect([tensors, spare]).toContain(state.tensors);
    expect([tensors, spare]).toContain(state.spare);
  }
});
