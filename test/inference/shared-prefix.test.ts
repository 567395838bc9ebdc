/** What is computed once for sequences that begin alike equals each sequence by itself. */
import { afterAll, describe, expect, test } from "vitest";
import { ForwardPass } from "../../src/inference/forward.ts";
import type { Model } from "../../src/inference/model.ts";
import { prefixBytes, readPrefixes, readSuffixes, type Suffix } from "../../src/inference/shared-prefix.ts";
import { endingOf, type MixerSpec, parseMixer, planMixer, presets, readsInParts } from "../../src/mixers/index.ts";
import type { Ablation } from "../../src/model/mixer-block.ts";
import { createEngine } from "../../src/runtime/index.ts";
import { relativeError } from "../compare.ts";
import { preset, randomIds, softmax, tinyFalconH1, tinyModel, tinyRwkv } from "./tiny-model.ts";

const engine = createEngine({ threads: 1 });
afterAll(() => engine.release());

/** Prefixes of one length and what follows them. */
interface Sequences {
  readonly prefixes: readonly (readonly number[])[];
  readonly suffixes: readonly Suffix[];
}

/** The largest relative error of any token's hidden state against a forward pass over its sequence alone. */
async function worstError(model: Model, work: Sequences, ablation: Ablation = {}): Promise<number> {
  const forward = new ForwardPass(engine, model, ablation);
  const read = await readPrefixes(forward, work.prefixes, (work.prefixes[0]?.length ?? 0) + 13);
  const suffixes = await readSuffixes(forward, read, work.suffixes);
  let worst = 0;
  for (const [index, { prefix, ids }] of work.suffixes.entries()) {
    const before = work.prefixes[prefix] ?? [];
    const sequence = [...before, ...ids];
    const { data } = await forward.hidden({ ids: sequence, batch: 1, length: sequence.length });
    const width = model.architecture.hiddenSize;
    const cut = before.length * width;
    const shared = read.hidden.data.subarray(prefix * cut, (prefix + 1) * cut);
    worst = Math.max(worst, relativeError(shared, data.subarray(0, cut)));
    worst = Math.max(worst, relativeError(suffixes[index] ?? [], data.subarray(cut)));
  }
  return worst;
}

/** Prefixes of `length` tokens, three suffixes of different lengths for each. */
function workOf(length: number, prefixes: number): Sequences {
  const ids = (count: number, seed: number) => randomIds(count, 61, seed);
  return {
    prefixes: Array.from({ length: prefixes }, (_unused, index) => ids(length, 3 + index)),
    suffixes: Array.from({ length: 3 * prefixes }, (_unused, index) => ({
      prefix: index % prefixes,
      ids: ids([1, 9, 4][Math.floor(index / prefixes)] ?? 1, 50 + index),
    })),
  };
}

const beside: MixerSpec = parseMixer({
  ...presets["linear-attention"],
  window: { kind: "full" },
  mix: { kind: "sum", window: 0.5, linear: 0.5 },
});
const scaled: MixerSpec = parseMixer({ window: { kind: "full" }, scale: 0.7 });

describe("hidden states equal those of each sequence alone", () => {
  const models: Record<string, Model> = {
    softmax: tinyModel([softmax]),
    lolcats: tinyModel([preset("lolcats")]),
    "softmax and lolcats in turns": tinyModel([softmax, preset("lolcats")]),
    "softmax beside a state": tinyModel([beside]),
    "softmax of another scale": tinyModel([scaled]),
    "a branch beside softmax and lolcats": tinyFalconH1([softmax, preset("lolcats")]),
    "token shift": tinyRwkv(),
  };
  for (const [name, model] of Object.entries(models)) {
    test.each([
      [1, 1],
      [7, 1],
      [7, 3],
      [70, 2],
    ])(`${name}, prefix of %i tokens, %i of them`, async (length, prefixes) => {
      expect(await worstError(model, workOf(length, prefixes))).toBeLessThan(1e-4);
    });
  }

  test("with a branch taken away", async () => {
    const model = tinyModel([softmax, preset("lolcats")]);
    for (const ablation of [{ linear: 0 }, { window: 1e-9 }, { output: 0 }]) {
      expect(await worstError(model, workOf(70, 2), ablation)).toBeLessThan(1e-4);
    }
  });

  test("of many suffixes, and states are as large as announced", async () => {
    const model = tinyModel([softmax, preset("lolcats")]);
    const [prefix = []] = workOf(12, 1).prefixes;
    const suffixes = Array.from({ length: 90 }, (_unused, index) => ({
      prefix: 0,
      ids: randomIds(1 + (index % 13), 61, index),
    }));
    expect(await worstError(model, { prefixes: [prefix], suffixes })).toBeLessThan(1e-4);
    const { layers } = await readPrefixes(new ForwardPass(engine, model), [prefix], 25);
    const bytes = layers.map((layer) => Object.values(layer).reduce((sum, { data }) => sum + data.byteLength, 0));
    const announced = prefixBytes(model, 12, 25);
    expect(announced.all).toBe(bytes.reduce((sum, each) => sum + each));
    expect(announced.layer).toBe(Math.max(...bytes));
  });

  test("an aborted signal ends the work with its reason", async () => {
    const forward = new ForwardPass(engine, tinyModel([softmax]));
    const { prefixes, suffixes } = workOf(7, 1);
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(readPrefixes(forward, prefixes, 20, signal)).rejects.toThrow("enough");
    const read = await readPrefixes(forward, prefixes, 20);
    await expect(readSuffixes(forward, read, suffixes, signal)).rejects.toThrow("enough");
  });
});

/** Presets that a model's own stream feeds, in the whole-sequence form. */
const usable = Object.entries(presets).filter(([, spec]) => {
  const { forms, streams } = planMixer(spec, { batch: 1, heads: 4, groups: 2, length: 8, dim: 8, hidden: 32 });
  return forms.chunked === undefined && Object.keys(streams).every((name) => name === "hidden");
});

describe("every preset that reads in parts shares prefixes", () => {
  test.each(usable.filter(([, spec]) => readsInParts(spec)))("%s", async (_name, spec) => {
    // In 8 bits a product's last digit may round an element to the next integer, a 127th of the vector's largest.
    const limit = spec.window && "store" in spec.window && spec.window.store ? 2e-3 : 2e-4;
    expect(await worstError(tinyModel([spec]), workOf(37, 2))).toBeLessThan(limit);
  });
});

describe("every preset's padding is unseen where its ending allows it", () => {
  test.each(usable.filter(([, spec]) => spec.causal))("%s", async (_name, spec) => {
    const model = tinyModel([spec]);
    const { multiple, alone } = endingOf(spec);
    const length = Math.max(21, alone + 1);
    const padded = length + (multiple === 1 ? 11 : multiple);
    const ids = randomIds(padded, 61);
    const forward = new ForwardPass(engine, model);
    const [short, long] = [
      await forward.hidden({ ids: ids.slice(0, length), batch: 1, length }),
      await forward.hidden({ ids, batch: 1, length: padded }),
    ];
    expect(relativeError(long.data.subarray(0, short.data.length), short.data)).toBeLessThan(1e-4);
  });

  test("and blocks that end with the sequence, and mixers that read both ways, are told apart", () => {
    expect(endingOf(preset("lolcats-terrace"))).toEqual({ multiple: 64, alone: 0 });
    expect(readsInParts(preset("lolcats-terrace"))).toBe(false);
    const compat = parseMixer({ ...presets["lolcats-terrace"], window: { kind: "terrace", size: 8, compat: true } });
    expect(endingOf(compat)).toEqual({ multiple: 8, alone: 8 });
    expect(endingOf(parseMixer({ causal: false, window: { kind: "full" } })).alone).toBe(Number.POSITIVE_INFINITY);
  });
});
