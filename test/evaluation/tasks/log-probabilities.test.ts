/** Answers scored together equal each answer scored by itself, for mixers of every ending. */
import { afterAll, describe, expect, test } from "vitest";
import { abilitiesOf, logProbabilities } from "../../../src/evaluation/tasks/log-probabilities.ts";
import { planWork, type Work } from "../../../src/evaluation/tasks/plan.ts";
import type { Request } from "../../../src/evaluation/tasks/requests.ts";
import { ForwardPass } from "../../../src/inference/forward.ts";
import type { Model } from "../../../src/inference/model.ts";
import { type MixerSpec, parseMixer, presets } from "../../../src/mixers/index.ts";
import { createEngine, floats } from "../../../src/runtime/index.ts";
import { preset, randomIds, softmax, tinyModel } from "../../inference/tiny-model.ts";

const engine = createEngine({ threads: 1 });
afterAll(() => engine.release());

const request = (ids: readonly number[], targets: readonly number[]): Request => ({
  ids: [...ids, ...targets.slice(0, -1)],
  targets,
  cut: 0,
});

/** Questions of different shapes: shared and own contexts, answers of one token and of several, one a beginning of another. */
function questionsOf(preamble: readonly number[]): Request[][] {
  const ids = (count: number, seed: number) => randomIds(count, 61, seed);
  return Array.from({ length: 20 }, (_unused, index) => {
    const own = preamble.length > 0 ? 3 + ((index * 7) % 23) : 60 + (index % 3);
    const context = [...preamble, ...ids(own, index)];
    if (index % 4 === 0) return [request(context, [4]), request(context, [9]), request(context, [4, 7])];
    if (index % 4 === 1) return [1, 2, 3, 5, 9].map((count) => request(context, ids(count, 100 + index + count)));
    if (index % 4 === 2)
      return [0, 1].map((other) => request([...ids(2 + other, 200 + index + other), ...context], [3, 8]));
    return [request(context, [11, 12]), request(context, [11, 12]), request(context, [11, 13, 2])];
  });
}

/** log p of the targets, one request at a time: logits of a forward pass of its own, normalized in float64. */
async function alone(model: Model, { ids, targets }: Request): Promise<number> {
  const forward = new ForwardPass(engine, model);
  const width = model.architecture.hiddenSize;
  const { data } = await forward.hidden({ ids, batch: 1, length: ids.length });
  const first = ids.length - targets.length;
  const rows = floats([targets.length, width], data.subarray(first * width));
  const logits = (await forward.logits(rows)).data;
  const vocabulary = model.architecture.vocabularySize;
  return targets.reduce((sum, target, row) => {
    const own = Array.from(logits.subarray(row * vocabulary, (row + 1) * vocabulary));
    const total = own.reduce((all, logit) => all + Math.exp(logit), 0);
    return sum + (own[target] ?? Number.NaN) - Math.log(total);
  }, 0);
}

const terrace = (size: number, compat: boolean): MixerSpec =>
  parseMixer({ ...presets["lolcats-terrace"], window: { kind: "terrace", size, compat } });

const models: Record<string, readonly MixerSpec[]> = {
  softmax: [softmax],
  lolcats: [preset("lolcats")],
  "softmax and lolcats in turns": [softmax, preset("lolcats")],
  "a terrace, whose blocks end with the sequence": [terrace(8, false)],
  "a terrace that counts keys twice in short sequences": [terrace(16, true)],
};

describe("log-probabilities equal those of each request alone", () => {
  for (const [name, specs] of Object.entries(models)) {
    test.each([
      ["contexts of their own", []],
      ["a preamble for all", randomIds(30, 61, 999)],
    ])(`${name}: %s`, async (_kind, preamble) => {
      const model = tinyModel(specs);
      const questions = questionsOf(preamble);
      const abilities = abilitiesOf(model);
      const kinds = planWork(questions, abilities).map((work) => (work.kind === "shared" ? work.prefix : 0));
      if (abilities.readsInParts) expect(Math.max(...kinds)).toBeGreaterThanOrEqual(Math.max(8, preamble.length));
      else expect(Math.max(...kinds)).toBe(0);
      const shares: number[] = [];
      const sums = await logProbabilities(new ForwardPass(engine, model), questions, {
        progress: (share) => shares.push(share),
      });
      for (const [index, requests] of questions.entries()) {
        expect(sums[index]).toHaveLength(requests.length);
        for (const [answer, each] of requests.entries()) {
          expect(sums[index]?.[answer]).toBeCloseTo(await alone(model, each), 4);
        }
      }
      // What is read once gives equal answers exactly equal sums.
      expect(sums[3]?.[0]).toBe(sums[3]?.[1]);
      expect(shares).toEqual([...shares].sort((a, b) => a - b));
      expect(shares.at(-1)).toBeCloseTo(1, 12);
    });
  }

  test("an aborted signal ends the work with its reason", async () => {
    const forward = new ForwardPass(engine, tinyModel([softmax]));
    const controller = new AbortController();
    const options = { signal: controller.signal, progress: () => controller.abort(new Error("enough")) };
    await expect(logProbabilities(forward, questionsOf([]), options)).rejects.toThrow("enough");
  });
});

describe("the plan", () => {
  const softmaxAbilities = abilitiesOf(tinyModel([softmax]));

  /** Sequences and what is wanted of them. */
  function wantedOf(works: readonly Work[]) {
    const sequences = works.flatMap((work) => (work.kind === "batch" ? work.sequences : work.groups.flat()));
    return sequences.flatMap(({ ids, wanted }) => wanted.map((each) => ({ ids, ...each })));
  }

  test.each(Object.entries(models))("wants every target once, after what comes before it (%s)", (_name, specs) => {
    const questions = questionsOf([1, 2, 3]);
    const wanted = wantedOf(planWork(questions, abilitiesOf(tinyModel(specs))));
    questions.flat().forEach(({ ids, targets }, index) => {
      const own = wanted.filter((each) => each.request === index).sort((a, b) => a.place - b.place);
      expect(own.map(({ target }) => target)).toEqual(targets);
      own.forEach((each, at) => {
        expect(each.ids.slice(0, each.place + 1)).toEqual(ids.slice(0, ids.length - targets.length + 1 + at));
      });
    });
  });

  test("reads a long common beginning once, and a question's own context once", () => {
    const preamble = randomIds(300, 61, 1);
    const exams = [5, 9, 20].map((count) => {
      const context = [...preamble, ...randomIds(count, 61, count)];
      return [1, 2, 3, 4].map((letter) => request(context, [letter]));
    });
    const [work, ...others] = planWork(exams, softmaxAbilities);
    expect(others).toEqual([]);
    expect(work).toMatchObject({ kind: "shared", prefix: 300, tokens: 334 });
    // Four questions of 43 tokens to be read: 40 of the context, and 1 and 2 of the answers but their last.
    const contexts = [3, 4, 5, 6].map((seed) => randomIds(40, 61, seed));
    const [own, ...rest] = planWork(
      contexts.map((context) => [request(context, [1, 2]), request(context, [3, 4, 5])]),
      softmaxAbilities,
    );
    expect(rest).toEqual([]);
    expect(own).toMatchObject({ kind: "shared", prefix: 40, tokens: 4 * 43 });
    const singles = contexts.map((context) => [request(context, [1]), request(context, [3])]);
    expect(planWork(singles, softmaxAbilities)).toMatchObject([{ kind: "batch", tokens: 160 }]);
  });

  test("puts contexts of nearly one length together rather than pass through the layers for each", () => {
    const lengths = Array.from({ length: 40 }, (_unused, index) => 33 + (index % 7));
    const questions = lengths.map((length, index) => {
      const context = randomIds(length, 61, index);
      return [1, 2, 3, 4].map((answer) => request(context, [answer, 5, 6]));
    });
    const works = planWork(questions, softmaxAbilities);
    const prefixes = works.map((work) => (work.kind === "shared" ? work.prefix : 0));
    expect(prefixes.every((prefix) => prefix >= 32)).toBe(true);
    expect(works.length).toBeLessThan(new Set(lengths).size);
  });

  test("pads only as the model's ending allows, and runs at most so many tokens together", () => {
    const lengths = Array.from({ length: 200 }, (_unused, index) => 5 + ((index * 37) % 150));
    const questions = lengths.map((length) => [request(randomIds(length, 61, length), [1])]);
    const works = planWork(questions, abilitiesOf(tinyModel([terrace(16, true), softmax])));
    for (const work of works) {
      if (work.kind !== "batch") throw new Error("nothing is shared where sequences are not read in parts");
      const own = work.sequences.map(({ ids }) => ids.length);
      const longest = Math.max(...own);
      expect(own.every((length) => length === longest || (length > 16 && (longest - length) % 16 === 0))).toBe(true);
      expect(longest * own.length).toBeLessThanOrEqual(512);
    }
    const free = planWork(questions, softmaxAbilities);
    expect(free.length).toBeLessThan(works.length / 2);
  });

  test("holds no more states than it may", () => {
    const context = (seed: number) => randomIds(40, 61, seed);
    const questions = Array.from({ length: 9 }, (_unused, index) => {
      return [1, 2, 3, 4, 5, 6].map((answer) => request(context(index), [answer, 2]));
    });
    const works = planWork(questions, { ...softmaxAbilities, bounds: () => ({ prefixes: 2, together: 3 }) });
    for (const work of works) {
      if (work.kind !== "shared") throw new Error("questions share their contexts");
      expect(work.groups.length).toBeLessThanOrEqual(2);
      expect(work.following.every((list) => list.length <= 3)).toBe(true);
    }
  });
});
