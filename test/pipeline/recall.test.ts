/** The recall part of `evaluate`: what is planned, and rows of every variant in one order. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { parseMixer } from "../../src/mixers/index.ts";
import { type EvaluateOptions, evaluateSchema } from "../../src/pipeline/contract.ts";
import { openModel } from "../../src/pipeline/open-model.ts";
import { measureRecall, planRecall, type RecallPlan } from "../../src/pipeline/recall.ts";
import { variantsOf } from "../../src/pipeline/variants.ts";
import { createEngine } from "../../src/runtime/index.ts";
import { dataPath, dataTest } from "../data.ts";
import { recordingContext } from "./context.ts";

const { model: tiny, tokenizer } = await openModel("tiny");
const engine = createEngine({ threads: 1 });
const folder = await mkdtemp(join(tmpdir(), "subquad-recall-"));
afterAll(() => rm(folder, { recursive: true }));

const source = { tokenizer, hay: undefined, context: tiny.architecture.context };

function plan(options: Partial<EvaluateOptions>): Promise<RecallPlan | undefined> {
  return planRecall({ model: "tiny", maxTokens: 0, ablations: false, ...options }, source);
}

async function planned(options: Partial<EvaluateOptions>): Promise<RecallPlan> {
  const made = await plan(options);
  if (made === undefined) throw new Error("nothing was planned");
  return made;
}

/** Half a window, half a state: something to take away from. */
const mixed = parseMixer({
  window: { kind: "slide", size: 16 },
  state: { featureMap: { kind: "elu" }, read: { kind: "all" } },
  normalize: { kind: "row" },
  mix: { kind: "sum" },
});
const student = { ...tiny, mixers: tiny.mixers.map(() => ({ spec: mixed, parameters: {} })) };

describe("a plan", () => {
  test("is made of the named probes, within the model's context", async () => {
    const { probes, lengths, samples, seed } = await planned({ recall: ["regression", "mqar"] });
    expect(probes.map(({ name }) => name)).toEqual(["mqar", "regression-1d", "regression-2d"]);
    expect({ lengths, samples, seed }).toEqual({ lengths: [512], samples: 4, seed: 0 });
    expect((await planned({ recall: ["all"], recallLengths: [4096] })).lengths).toEqual([4096]);
    expect((await planned({ recall: ["all"] })).probes).toHaveLength(6);
    expect(await plan({})).toBeUndefined();
  });

  test("refuses a probe that is none, by name", async () => {
    await expect(plan({ recall: ["mqar", "needles"] })).rejects.toThrow(
      'no probe "needles"; there are mqar, phone-book',
    );
  });

  test("reads files of questions, and names the line that is none", async () => {
    const good = join(folder, "pairs.jsonl");
    const question = { context: 'the pairs are {"a": "12", "b": "34"}. What is a? It is', answer: "12" };
    await writeFile(good, `${JSON.stringify(question)}\n\n${JSON.stringify({ ...question, answer: "34" })}\n`);
    const { probes } = await planned({ recallData: [good] });
    expect(probes.map(({ name, sequences }) => ({ name, sequences }))).toEqual([{ name: "pairs", sequences: 2 }]);
    const { ids, answers } = probes[0]?.build(tokenizer, 0, 0) ?? { ids: [], answers: [] };
    const [answer = { start: 0, length: 0, distance: 0 }] = answers;
    const at = (start: number) => tokenizer.decode(ids.slice(start, start + answer.length));
    expect(tokenizer.decode(ids)).toBe(`${question.context} "12`);
    expect([at(answer.start), at(answer.start - answer.distance)]).toEqual(["12", "12"]);
    expect(answer).toMatchObject({ contrast: tokenizer.encode("34") });

    const bad = join(folder, "bad.jsonl");
    await writeFile(bad, `${JSON.stringify(question)}\n{"context": "no answer"}\n`);
    await expect(plan({ recallData: [bad] })).rejects.toThrow(`${bad}:2`);
  });

  dataTest("reads the published pairs of keys and values", async () => {
    const path = dataPath("long-context", "kv_pairs_middle_len_2048.jsonl");
    const [probe] = (await planned({ recallData: [path] })).probes;
    expect(probe?.sequences).toBe(300);
    const { ids, answers } = probe?.build(tokenizer, 0, 7) ?? { ids: [], answers: [] };
    const [{ start, length, distance } = { start: 0, length: 0, distance: 0 }] = answers;
    expect(length).toBe(36);
    expect(ids.slice(start - distance, start - distance + length)).toEqual(ids.slice(start, start + length));
  });
});

describe("measured", () => {
  const models = { model: student, teacher: tiny, ablations: true };

  test("rows of all variants, the teacher's only within its context", async () => {
    const report = recordingContext();
    const made = await planned({ recall: ["mqar"], recallLengths: [256, 1024], recallSamples: 1, seed: 3 });
    const compared = { variants: variantsOf(models), tokenizer, context: report.context };
    const rows = await measureRecall(engine, made, compared);
    expect(evaluateSchema.shape.recall.parse(rows)).toEqual(rows);
    expect(await measureRecall(engine, made, compared)).toEqual(rows);
    const all = rows.filter(({ distance }) => distance === null);
    expect(all.map(({ name, length, metric }) => `${name} ${length} ${metric}`)).toEqual(
      [256, 1024].flatMap((length) =>
        ["exact_match", "log_probability", "margin"].map((metric) => `mqar ${length} ${metric}`),
      ),
    );
    for (const row of rows) {
      expect(row.beyond_teacher_context).toBe(row.length > 768);
      expect(row.teacher === null).toBe(row.length > 768);
      for (const name of ["model", "window_only", "linear_only", "neither"] as const) expect(row[name]).not.toBeNull();
    }
    const [, , margin] = all;
    expect(margin?.teacher).toBeGreaterThan((margin?.neither ?? 0) + 1);
    expect(new Set([margin?.model, margin?.window_only, margin?.linear_only, margin?.neither]).size).toBe(4);
    // 5 variants of 256 tokens, and 4 of 1024.
    expect(report.stages[0]).toEqual({ name: "recall", done: 5 * 256 + 4 * 1024, ended: 1 });
  });

  test("numbers beside guesses, at one length", async () => {
    const made = await planned({ recall: ["regression"], recallLengths: [64, 128], recallSamples: 1 });
    const { context } = recordingContext();
    const rows = await measureRecall(engine, made, { variants: variantsOf(models).slice(0, 1), tokenizer, context });
    expect(evaluateSchema.shape.recall.parse(rows)).toEqual(rows);
    expect(new Set(rows.map(({ name, length }) => `${name} ${length}`))).toEqual(
      new Set(["regression-1d 128", "regression-2d 128"]),
    );
    for (const row of rows) expect(row.baseline === null).toBe(row.metric !== "relative_error");
    const errors = rows.filter(({ metric, examples }) => metric === "relative_error" && examples !== null);
    expect(errors.map(({ examples }) => examples?.from).slice(0, 4)).toEqual([0, 1, 2, 4]);
  });

  test("another seed asks other questions", async () => {
    const { context } = recordingContext();
    const measure = async (seed: number) => {
      const made = await planned({ recall: ["mqar"], recallLengths: [256], recallSamples: 1, seed });
      return measureRecall(engine, made, {
        variants: variantsOf({ model: tiny, ablations: true }),
        tokenizer,
        context,
      });
    };
    const [first] = await measure(0);
    expect(first).toMatchObject({ name: "mqar", teacher: null, window_only: null, beyond_teacher_context: false });
    expect(await measure(1)).not.toEqual(await measure(0));
  });

  test("it stops when it is asked to", async () => {
    const stop = new AbortController();
    stop.abort(new Error("enough"));
    const report = recordingContext(stop.signal);
    const compared = { variants: variantsOf(models), tokenizer, context: report.context };
    await expect(measureRecall(engine, await planned({ recall: ["mqar"] }), compared)).rejects.toThrow("enough");
    expect(report.stages[0]?.ended).toBe(1);
  });
});
