import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { sizeOf } from "../../../src/graph/index.ts";
import { planMixer } from "../../../src/mixers/index.ts";
import { benchMixersSchema } from "../../../src/pipeline/contract.ts";
import { ratiosOf, tooLong } from "../../../src/pipeline/mixers/bench.ts";
import { catalogueNames, presetOf } from "../../../src/pipeline/mixers/describe.ts";
import { randomFeeds } from "../../../src/pipeline/mixers/inputs.ts";
import { median, mixerPrograms } from "../../../src/pipeline/mixers/measure.ts";
import { benchMixers } from "../../../src/pipeline/mixers.ts";
import { createEngine } from "../../../src/runtime/index.ts";
import { temporaryFolder } from "../../formats/temporary.ts";
import { recordingContext } from "../context.ts";

const options = { lengths: [32, 64], heads: 2, dim: 8, repeats: 2, memory: 2 ** 30, seed: 0, threads: 1 };
const sizes = { batch: 1, heads: 2, groups: 2, length: 64, dim: 8, hidden: 16 };

describe("bench mixers", () => {
  test("measures every preset that was asked for, beside softmax attention, and draws it", async () => {
    const { context, stages } = recordingContext();
    const output = join(temporaryFolder(), "mixers.svg");
    const document = await benchMixers({ ...options, presets: ["gla", "lolcats"], output }, context);
    expect(benchMixersSchema.parse(document)).toEqual(document);
    expect(document.mixers.map(({ name }) => name)).toEqual(["softmax", "gla", "lolcats"]);
    for (const { form, rows, stopped } of document.mixers) {
      expect({ form, stopped }).toEqual({ form: "chunked", stopped: null });
      expect(rows.map(({ length }) => length)).toEqual([32, 64]);
      for (const row of rows) {
        expect(row.forward_seconds).toBeGreaterThan(0);
        expect(row.backward_seconds).toBeGreaterThan(0);
        expect(row.step_seconds).toBeGreaterThan(0);
        expect(row.memory_bytes ?? row.tensor_bytes).toBeGreaterThanOrEqual(row.tensor_bytes);
      }
    }
    // Keys and values of 64 tokens; a state of one matrix per head.
    expect(document.mixers.map(({ rows }) => rows[1]?.state_bytes).slice(0, 2)).toEqual([
      2 * 4 * 2 * 64 * 8,
      4 * 2 * 8 * 8,
    ]);
    const svg = readFileSync(output, "utf8");
    for (const name of ["softmax", "gla", "lolcats"]) expect(svg).toContain(`<title>${name}</title>`);
    expect(stages).toEqual([{ name: "bench", done: 6, ended: 1 }]);
  });

  test("leaves a mixer where its tensors need more than is allowed, and says so", async () => {
    const { context } = recordingContext();
    const document = await benchMixers({ ...options, presets: [], lengths: [16, 4096], memory: 2 ** 21 }, context);
    const [softmax] = document.mixers;
    expect(softmax?.rows.map(({ length }) => length)).toEqual([16]);
    expect(softmax?.stopped).toMatch(/^4096 tokens: would need about .* and at most 0\.0020 GiB are used$/);
  });

  test("draws nothing where nothing was measured, and refuses a plot's path before any work", async () => {
    const { context, warnings, stages } = recordingContext();
    const folder = temporaryFolder();
    const output = join(folder, "mixers.svg");
    const document = await benchMixers({ ...options, presets: [], memory: 0, output }, context);
    expect(document).toMatchObject({ output: null, mixers: [{ name: "softmax", rows: [] }] });
    expect(warnings).toEqual(["no plot was written: nothing could be measured"]);
    const fails = (path: string) => expect(benchMixers({ ...options, output: path }, context)).rejects;
    await fails(join(folder, "none", "mixers.svg")).toThrow("its folder is missing");
    await fails(folder).toThrow("is a folder");
    expect(stages).toHaveLength(1);
  });

  test("names presets that there are none of, and stops when it is told to", async () => {
    const { context } = recordingContext();
    await expect(benchMixers({ ...options, presets: ["lolcat"] }, context)).rejects.toThrow("did you mean lolcats");
    const aborted = recordingContext(AbortSignal.abort(new Error("enough")));
    await expect(benchMixers(options, aborted.context)).rejects.toThrow("enough");
    expect(aborted.stages[0]?.ended).toBe(1);
  });
});

/** What was measured at a length. */
function at(length: number, forward: number, backward: number) {
  const others = { step_seconds: null, runs: 1, tensor_bytes: 0, memory_bytes: null, state_bytes: 0 };
  return { ...others, length, forward_seconds: forward, backward_seconds: backward };
}

test("a length is left out where the growth so far says that it takes too long", () => {
  expect(tooLong(4096, [at(1024, 0, 1), at(2048, 0, 2)])).toBeNull();
  expect(tooLong(4096, [at(1024, 0, 0.5), at(2048, 0, 2)])).toContain("4096 tokens: one pass would take about 8 s");
  // Ten times as long for twice the length is no growth to believe in.
  expect(tooLong(4096, [at(1024, 0, 0.1), at(2048, 0, 1)])).toBeNull();
  expect(tooLong(1e6, [at(1024, 0, 9)])).toBeNull();
});

test("growth is judged from 1024 on, where a length was doubled", () => {
  expect(ratiosOf([at(512, 1, 1), at(1024, 2, 4), at(2048, 4, 9.2), at(4096, 10, 20), at(16384, 1, 1)])).toEqual([
    { length: 1024, forward: 2, backward: 2.3, above: false },
    { length: 2048, forward: 2.5, backward: 20 / 9.2, above: true },
  ]);
});

test("the median is the middle, or the mean of both", () => {
  expect(median([9, 1, 2])).toBe(2);
  expect(median([9, 1, 2, 4])).toBe(3);
});

describe("random feeds", () => {
  const { spec } = presetOf("lolcats");
  const made = mixerPrograms(spec, { ...sizes, length: 128 }).backward;

  test("are the same for the same seed, and others for another", () => {
    const draw = (seed: number) => randomFeeds(made, { spec, sizes, seed });
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1).queries).not.toEqual(draw(2).queries);
  });

  test("have parameters as they begin", () => {
    const feeds = randomFeeds(made, { spec, sizes, seed: 1 });
    const row = (index: number) => feeds["featureMap.keys"]?.data.slice(8 * index, 8 * index + 8);
    expect(row(0)).toEqual(Float32Array.from([1, 0, 0, 0, 0, 0, 0, 0]));
    expect(row(9)).toEqual(Float32Array.from([0, 1, 0, 0, 0, 0, 0, 0]));
  });
});

test.each(catalogueNames())("%s runs, differentiated, and its gradients are finite numbers", async (name) => {
  const { spec } = presetOf(name);
  const { forms } = planMixer(spec, sizes);
  if (forms.chunked !== undefined && forms.parallel !== undefined) return;
  const engine = createEngine({ threads: 1 });
  const { backward } = mixerPrograms(spec, sizes);
  const feeds = randomFeeds(backward, { spec, sizes, seed: 0 });
  const results = await (await engine.compile(backward)).run(feeds);
  for (const [output, { data, shape }] of Object.entries(results)) {
    expect(data.length, output).toBe(sizeOf(shape));
    expect(Array.from(data as Float32Array).every(Number.isFinite), output).toBe(true);
  }
  await engine.release();
});
