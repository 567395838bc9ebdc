/** The scorer against whole rows of logits, on the built-in model: as it is, converted, ablated, and with a window alone. */
import { describe, expect, test } from "vitest";
import { greedyNumbers } from "../../../src/evaluation/recall/greedy.ts";
import { keyValues } from "../../../src/evaluation/recall/key-values.ts";
import type { ProbeSequence } from "../../../src/evaluation/recall/probe.ts";
import { regressionProbe } from "../../../src/evaluation/recall/regression.ts";
import { scoreAnswers } from "../../../src/evaluation/recall/score.ts";
import { blockOf, layerSizes } from "../../../src/families/index.ts";
import { Decoder } from "../../../src/inference/decoder.ts";
import { ForwardPass } from "../../../src/inference/forward.ts";
import type { Model } from "../../../src/inference/model.ts";
import { initialValues, type MixerSpec, mixerParameters, parseMixer, presets } from "../../../src/mixers/index.ts";
import type { Ablation } from "../../../src/model/mixer-block.ts";
import { openModel } from "../../../src/pipeline/open-model.ts";
import { createEngine, floats } from "../../../src/runtime/index.ts";
import { uniform } from "../../random.ts";

const { model: tiny, tokenizer } = await openModel("tiny");
const engine = createEngine({ threads: 1 });

/** The built-in model with other mixers, their parameters as they begin. */
function withMixers(spec: MixerSpec): Model {
  const parameters = Object.entries(mixerParameters(spec, layerSizes(blockOf(tiny.architecture, 0)))).map(
    ([name, parameter], index) => {
      const data = Float32Array.from(initialValues(parameter, uniform(index)));
      return [name, { dtype: "float32", shape: parameter.shape, data }] as const;
    },
  );
  return { ...tiny, mixers: tiny.mixers.map(() => ({ spec, parameters: Object.fromEntries(parameters) })) };
}

/** Every row of log probabilities of a sequence, from one pass over all of it. */
async function logProbabilities(model: Model, ablation: Ablation, ids: readonly number[]) {
  const forward = new ForwardPass(engine, model, ablation);
  const { hiddenSize, vocabularySize } = model.architecture;
  const { data } = await forward.hidden({ ids, batch: 1, length: ids.length });
  const logits = (await forward.logits(floats([ids.length, hiddenSize], data))).data;
  return ids.map((_id, row) => {
    const own = Array.from(logits.subarray(row * vocabularySize, (row + 1) * vocabularySize));
    const largest = Math.max(...own);
    const total = largest + Math.log(own.reduce((sum, logit) => sum + Math.exp(logit - largest), 0));
    return own.map((logit) => logit - total);
  });
}

async function expectAgreement(model: Model, ablation: Ablation, { ids, answers }: ProbeSequence): Promise<void> {
  const rows = await logProbabilities(model, ablation, ids);
  const scores = await scoreAnswers(new Decoder(engine, model, { ablation }), { ids, answers });
  expect(scores.map(({ answer }) => answer)).toEqual(answers);
  for (const [index, { start, length, contrast }] of answers.entries()) {
    const tokens = Array.from({ length }, (_unused, token) => ({
      row: rows[start + token - 1] ?? [],
      target: ids[start + token] ?? -1,
      other: contrast?.[token] ?? -1,
    }));
    const mean = (of: (token: (typeof tokens)[number]) => number) =>
      tokens.reduce((sum, token) => sum + of(token), 0) / length;
    const probability = mean(({ row, target }) => row[target] ?? Number.NaN);
    const other = contrast === undefined ? null : mean(({ row, other: id }) => row[id] ?? Number.NaN);
    const score = scores[index];
    expect(score?.exact).toBe(tokens.every(({ row, target }) => row[target] === Math.max(...row)));
    expect(Math.abs((score?.logProbability ?? Number.NaN) - probability)).toBeLessThan(1e-4);
    if (other === null) expect(score?.margin).toBeNull();
    else expect(Math.abs((score?.margin ?? Number.NaN) - (probability - other))).toBeLessThan(1e-4);
  }
}

const lolcats = presets.lolcats ?? parseMixer({});
const liger = presets["liger-gla"] ?? parseMixer({});

describe("scores are those of the whole sequence at once, chunk by chunk", () => {
  // More than one chunk of 512, and not a whole number of them.
  const sequence = keyValues.build(tokenizer, 700, 1);

  test.each([
    ["softmax", tiny, {}],
    ["lolcats", withMixers(lolcats), {}],
    ["lolcats, window only", withMixers(lolcats), { linear: 0 }],
    ["lolcats, linear only", withMixers(lolcats), { window: 1e-9 }],
    ["lolcats, neither", withMixers(lolcats), { output: 0 }],
    [
      "a window alone, with nothing else to weigh",
      withMixers(parseMixer({ window: { kind: "dilated", size: 32, stride: 2 } })),
      { window: 1e-9 },
    ],
    ["liger-gla, window only", withMixers(liger), { linear: 0 }],
    ["liger-gla, linear only", withMixers(liger), { window: 1e-9 }],
  ] as const)("%s", async (_name, model, ablation) => {
    await expectAgreement(model, ablation, sequence);
  });

  test("an answer without a wrong one to compare with has no margin", async () => {
    const { ids, answers } = sequence;
    const bare = answers.slice(0, 3).map(({ contrast: _contrast, ...answer }) => answer);
    await expectAgreement(tiny, {}, { ids, answers: bare });
  });
});

test("the model recalls from far back, and a window alone does not", async () => {
  const window = 32;
  const narrow = withMixers(parseMixer({ window: { kind: "slide", size: window } }));
  // Through all layers nothing comes from further back than this.
  const reach = window * tiny.mixers.length;
  const meanOf = async (model: Model, far: boolean) => {
    const decoder = new Decoder(engine, model);
    const margins: number[] = [];
    for (const seed of [1, 2, 3]) {
      for (const { answer, margin } of await scoreAnswers(decoder, keyValues.build(tokenizer, 760, seed))) {
        const chosen = far ? answer.distance > reach : answer.distance < window - 8;
        if (chosen && margin !== null) margins.push(margin);
      }
    }
    expect(margins.length).toBeGreaterThan(20);
    return margins.reduce((sum, margin) => sum + margin, 0) / margins.length;
  };
  expect(await meanOf(tiny, true)).toBeGreaterThan(2);
  expect(Math.abs(await meanOf(narrow, true))).toBeLessThan(0.4);
  expect(await meanOf(narrow, false)).toBeGreaterThan(0.8);
});

test("numbers are what greedy decoding writes", async () => {
  const { ids, answers } = regressionProbe(2).build(tokenizer, 240, 3);
  const decoder = new Decoder(engine, tiny);
  const written = await greedyNumbers(decoder, tokenizer, { ids, answers });
  expect(written).toHaveLength(answers.length);
  expect(written.some((number) => number !== undefined && Number.isFinite(number))).toBe(true);
  for (const [index, { start, length, number }] of answers.entries()) {
    if (number === undefined) {
      expect(written[index]).toBeUndefined();
      continue;
    }
    const text = [...ids.slice(0, start)];
    for (let token = 0; token <= length; token++) {
      const row = (await logProbabilities(tiny, {}, text)).at(-1) ?? [];
      text.push(row.indexOf(Math.max(...row)));
    }
    const [, digits] = /^\s*(\d+)\D/.exec(tokenizer.decode(text.slice(start))) ?? [];
    expect(written[index]).toEqual(digits === undefined ? Number.NaN : Number(digits));
  }
});

test("scoring stops when it is asked to", async () => {
  const stop = AbortSignal.abort(new Error("enough"));
  const sequence = keyValues.build(tokenizer, 300, 0);
  await expect(scoreAnswers(new Decoder(engine, tiny), sequence, { signal: stop })).rejects.toThrow("enough");
});
