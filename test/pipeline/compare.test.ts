/** Several recipes beside each other: the same figures as one by one, failures that are told, and nothing run twice. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { candidatesOf, finetunedTeacherRecipe, finetuningRecipe } from "../../src/pipeline/compare/candidates.ts";
import { comparePage } from "../../src/pipeline/compare/files.ts";
import { ordered } from "../../src/pipeline/compare/order.ts";
import { comparePlot } from "../../src/pipeline/compare/plot.ts";
import { compare } from "../../src/pipeline/compare.ts";
import { type CompareDocument, type CompareOptions, compareSchema } from "../../src/pipeline/contract.ts";
import { evaluate } from "../../src/pipeline/evaluate.ts";
import { inspect } from "../../src/pipeline/inspect.ts";
import { linearize } from "../../src/pipeline/linearize.ts";
import { openModel } from "../../src/pipeline/open-model.ts";
import { loadLinearizeRecipe } from "../../src/pipeline/recipes.ts";
import { compareDocument } from "../cli/compare-document.ts";
import { recordingContext, stoppingContext } from "./context.ts";
import { type SmallTeacher, smallTeacher } from "./small-teacher.ts";

let small: SmallTeacher;
let whole: CompareDocument;
let testTexts: string[] = [];

const lengths = [32, 64];
const maxTokens = 640;

function options(output: string, changes: Partial<CompareOptions> = {}): CompareOptions {
  return {
    model: small.teacher,
    recipes: ["t2r", "lolcats", "liger-gla"],
    budget: 1600,
    length: 40,
    batch: 2,
    text: [small.text],
    testText: testTexts,
    lengths,
    maxTokens,
    // No such stage: of the three recipes, one cannot be run.
    set: ["seed=3", "liger-gla:stages.transfer.accumulate=1", "lolcats:stages.transfer.learning_rate=0.02"],
    finetunedTeacher: true,
    output: join(small.folder, output),
    threads: 1,
    ...changes,
  };
}

/** A comparison without its timings and folders. */
function figuresOf({ rows, output: _output, ...document }: CompareDocument): unknown {
  const untimed = rows.map(({ seconds: _s, tokens_per_second: _r, output: _o, stages, ...row }) => ({
    ...row,
    stages: stages.map(({ seconds: _seconds, ...stage }) => stage),
  }));
  return { ...document, rows: untimed };
}

beforeAll(async () => {
  small = await smallTeacher();
  testTexts = ["first", "second"].map((name) => join(small.folder, `${name}.txt`));
  testTexts.forEach((path, index) => {
    writeFileSync(path, readFileSync(small.text, "utf8").slice(2000 * index, 2000 * index + 700));
  });
  whole = await compare(options("whole"), recordingContext().context);
}, 60_000);

afterAll(() => small.remove());

const rowOf = (document: CompareDocument, name: string) => {
  const row = document.rows.find((each) => each.name === name);
  if (row === undefined) throw new Error(`there is no row ${name}`);
  return row;
};

describe("a comparison", () => {
  test("has a row for each recipe, the teacher and the finetuned teacher, and says what could not be run", () => {
    expect(compareSchema.parse(whole)).toEqual(whole);
    expect(whole.rows.map(({ name }) => name).slice(0, 2)).toEqual(["teacher", "finetuned-teacher"]);
    expect(new Set(whole.rows.map(({ name }) => name)).size).toBe(5);
    const failed = rowOf(whole, "liger-gla");
    expect(failed.error).toContain("stages has no entry transfer");
    expect(failed.texts).toEqual([]);
    expect(whole.rows.at(-1)).toEqual(failed);
    expect(whole.finetuned_as).toBe("lolcats");
  });

  test("has the figures of evaluate and inspect, and the losses of linearize", async () => {
    const { context } = recordingContext();
    for (const name of ["lolcats", "t2r"]) {
      const row = rowOf(whole, name);
      const model = row.output ?? "";
      for (const [index, text] of testTexts.entries()) {
        const common = { text, lengths, maxTokens, ablations: true, threads: 1 };
        const { perplexity, linear_share } = await evaluate({ ...common, model, against: small.teacher }, context);
        expect(row.texts[index]).toEqual({ text, perplexity, linear_share });
      }
      const { state_bytes_per_sequence, kv_bytes_per_token } = await inspect({ model }, context);
      expect(row).toMatchObject({ state_bytes_per_sequence, kv_bytes_per_token });
      const report: { stages: object[] } = JSON.parse(readFileSync(join(model, "report.json"), "utf8"));
      expect(report.stages).toMatchObject(row.stages);
      // 1600 tokens are 20 steps of 80, in two stages or in one.
      expect(row.tokens).toBe(1600);
    }
    const { perplexity } = await evaluate(
      { model: small.teacher, text: testTexts[0], lengths, maxTokens, ablations: false, threads: 1 },
      context,
    );
    expect(rowOf(whole, "teacher").texts[0]?.perplexity.map(({ model, ratio }) => ({ model, ratio }))).toEqual(
      perplexity.map(({ model }) => ({ model, ratio: 1 })),
    );
  });

  test("is that of linearize with the same budget", async () => {
    const { model, text, length, batch, threads, budget } = options("");
    const set = ["seed=3", "stages.transfer.learning_rate=0.02"];
    const output = join(small.folder, "alone");
    const { stages } = await linearize(
      { model, recipe: "lolcats", text, length, batch, threads, budget, set, output },
      recordingContext().context,
    );
    expect(stages.map(({ loss_first, loss_last }) => ({ loss_first, loss_last }))).toEqual(
      rowOf(whole, "lolcats").stages.map(({ loss_first, loss_last }) => ({ loss_first, loss_last })),
    );
  });

  test("finetunes the teacher's projections as the recipe does, and nothing else", async () => {
    const [before, after] = [
      (await openModel(small.teacher)).model,
      (await openModel(rowOf(whole, "finetuned-teacher").output ?? "")).model,
    ];
    expect(after.mixers).toEqual(before.mixers);
    const changed = Object.keys(before.weights.layers[1] ?? {}).filter(
      (role) =>
        JSON.stringify(Object.entries(before.weights.layers[1] ?? {}).find(([name]) => name === role)?.[1].data) !==
        JSON.stringify(Object.entries(after.weights.layers[1] ?? {}).find(([name]) => name === role)?.[1].data),
    );
    expect(changed.sort()).toEqual(["keys", "output", "queries", "values"]);
    expect(after.weights.embedding.data).toEqual(before.weights.embedding.data);
    const { stages, tokens } = rowOf(whole, "finetuned-teacher");
    expect(stages[0]?.loss_last).toBeLessThan(stages[0]?.loss_first ?? 0);
    expect(tokens).toBe(800);
  });

  test("is written as JSON, as a page and as a plot", () => {
    const read = (name: string) => readFileSync(join(small.folder, "whole", name), "utf8");
    expect(JSON.parse(read("compare.json"))).toEqual(whole);
    expect(read("compare.md")).toContain("liger-gla could not be run");
    const svg = read("compare.svg");
    for (const { name } of whole.rows.filter(({ error }) => error === null)) expect(svg).toContain(`>${name}`);
    expect(svg).not.toContain(">liger-gla");
    // A panel for each text, below each other.
    expect([...svg.matchAll(/<svg y="(\d+)"/g)].map(([, y]) => Number(y))).toEqual([0, expect.any(Number)]);
  });
});

describe("resumed", () => {
  test("runs nothing again that has ended", async () => {
    const report = recordingContext();
    expect(figuresOf(await compare(options("whole", { resume: true }), report.context))).toEqual(figuresOf(whole));
    expect(report.stages).toEqual([]);
  });

  test("measures again what was trained but is measured otherwise", async () => {
    const report = recordingContext();
    const changes = { resume: true, lengths: [48], finetunedTeacher: false, recipes: ["lolcats"], set: undefined };
    const settings = { set: ["seed=3", "lolcats:stages.transfer.learning_rate=0.02"] };
    const { rows } = await compare(options("whole", { ...changes, ...settings }), report.context);
    expect(rows.map(({ name }) => name)).toEqual(["teacher", "lolcats"]);
    expect(new Set(report.stages.map(({ name }) => name))).toEqual(new Set(["evaluate"]));
    expect(rows[1]?.stages).toEqual(rowOf(whole, "lolcats").stages);
  });

  test("after an interruption goes on to the same figures", async () => {
    // Of 10 steps of the finetuned teacher, 20 of the first recipe and 10 each of the second's two stages.
    await expect(compare(options("cut"), stoppingContext(45))).rejects.toThrow("stopped");
    const report = recordingContext();
    const resumed = await compare(options("cut", { resume: true }), report.context);
    expect(figuresOf(resumed)).toEqual(figuresOf(whole));
    expect(report.stages.map(({ name }) => name).filter((name) => name !== "evaluate")).toEqual(["finetune"]);
  });

  test("with other settings is refused before anything is written over", async () => {
    const path = join(small.folder, "whole", "compare.json");
    const before = readFileSync(path, "utf8");
    const other = options("whole", { resume: true, budget: 1000 });
    await expect(compare(other, recordingContext().context)).rejects.toThrow(/finetuned-teacher: holds another run/);
    expect(readFileSync(path, "utf8")).toBe(before);
  });
});

describe("refused", () => {
  const refused = async (changes: Partial<CompareOptions>, message: string | RegExp) => {
    await expect(compare(options("refused", changes), recordingContext().context)).rejects.toThrow(message);
    expect(existsSync(join(small.folder, "refused"))).toBe(false);
  };

  test("at once are unknown recipes, two of a name, and recipes of another verb", async () => {
    await refused({ recipes: ["lolcats", "lolcat"], set: [] }, "did you mean lolcats");
    await refused({ recipes: ["lolcats", "lolcats"] }, "lolcats stands for two rows");
    await refused({ recipes: ["pretrain-tiny"], set: [] }, "is a recipe of pretrain");
    await refused({ set: ["liger:seed=1"] }, "liger is not compared; there are t2r, lolcats");
  });

  test("are a linearized teacher, too short a text, and nothing to finetune by", async () => {
    await refused({ model: join(small.folder, "whole", "t2r") }, "is linearized already");
    await refused({ lengths: [32, 4000] }, /first\.txt: has 640 tokens to score, too few for a window of 4000/);
    const onlyMixer = join(small.folder, "only-mixer.yaml");
    const stage = "{ name: a, kind: end_to_end, train: { mixer: all }, tokens: 1k, length: 32, learning_rate: 0.1 }";
    writeFileSync(onlyMixer, `name: only-mixer\npreset: lolcats\nmixer: {}\nstages: [${stage}]\n`);
    await refused({ recipes: [onlyMixer], set: [] }, "none of the recipes finetunes anything but its mixer");
  });

  test("is a folder of other files", async () => {
    const folder = join(small.folder, "other");
    mkdirSync(folder);
    writeFileSync(join(folder, "notes.txt"), "mine");
    const output = { output: folder };
    await expect(compare(options("", output), recordingContext().context)).rejects.toThrow("holds other files");
  });
});

describe("the finetuned teacher", () => {
  test("learns the next token by the stages end to end, whatever the student learned by", async () => {
    const recipe = finetunedTeacherRecipe(await loadLinearizeRecipe("softmax-dropout", { budget: 100_000 }), 2);
    expect(recipe.layers).toEqual({ softmax: [0, 1] });
    expect(recipe.stages).toHaveLength(1);
    expect(recipe.stages[0]).toMatchObject({
      kind: "end_to_end",
      tokens: 50_000,
      loss: { next_token: 1, logits: 0 },
      window_dropout: [],
      train: { mixer: [], lora: { rank: 8 } },
    });
    const distilled = finetunedTeacherRecipe(await loadLinearizeRecipe("mamba2"), 1);
    expect(distilled.stages[0]).toMatchObject({ loss: { next_token: 1, logits: 0 }, train: { weights: "all" } });
  });

  test("is finetuned as by the recipe with adapters that does it longest", async () => {
    const chosen = async (...recipes: string[]) =>
      finetuningRecipe(await candidatesOf({ ...options(""), recipes, set: [], budget: 100_000 })).name;
    expect(await chosen("t2r", "hedgecats", "lolcats", "lawcat")).toBe("lolcats");
    expect(await chosen("lolcats", "liger-gla")).toBe("liger-gla");
    expect(await chosen("mamba2", "t2r")).toBe("t2r");
  });
});

describe("shown", () => {
  test("rows are ordered by the ratio at the longest length, failures last", () => {
    const [teacher, finetuned, lolcats, liger, failed] = compareDocument.rows;
    const shuffled = [failed, liger, teacher, lolcats, finetuned].filter((row) => row !== undefined);
    expect(ordered(shuffled)).toEqual(compareDocument.rows);
  });

  test("the page has every figure, and text that Markdown does not take for its own", () => {
    const page = comparePage(compareDocument, true);
    expect(page).toContain("![Perplexity by length](compare.svg)");
    expect(page).toContain("| lolcats | 12.5 | 1.25 | 11.5\\* | – | 60.5 | 950.3 | 123500 | 25 % |");
    expect(page).toContain("t2r could not be run: nothing learns \\| here");
    expect(page).toContain("a\\_book.txt");
  });

  test("the plot has the ratios where there are any, else perplexities, and colours by kind where there are many", async () => {
    const { mixer } = await loadLinearizeRecipe("lolcats");
    const mixerOf = (name: string) => (name.startsWith("teacher") ? undefined : mixer);
    const plot = comparePlot(compareDocument, mixerOf) ?? "";
    expect(plot).toContain("Perplexity, times the teacher");
    expect(plot).toContain('class="quiet">1.25');
    expect(plot).toContain('class="swatch reference"');
    const rows = compareDocument.rows.map((row) => ({
      ...row,
      texts: row.texts.map((text) => ({ ...text, perplexity: text.perplexity.filter(({ ratio }) => ratio === null) })),
    }));
    expect(comparePlot({ ...compareDocument, rows }, mixerOf)).toContain('class="quiet">11.5');
    expect(comparePlot({ ...compareDocument, rows: [] }, mixerOf)).toBeUndefined();
    const [lolcats] = compareDocument.rows.filter(({ name }) => name === "lolcats");
    const many = Array.from({ length: 9 }, (_unused, index) => ({ ...lolcats, name: `recipe-${index}` }));
    const crowded = { ...compareDocument, rows: many as CompareDocument["rows"] };
    expect(comparePlot(crowded, mixerOf)).toContain("states that add");
  });
});

test("a recipe that cannot be changed as asked is told, not thrown", async () => {
  const [t2r, lolcats, liger] = (await candidatesOf(options(""))).map(({ recipe }) => recipe);
  expect(liger).toMatchObject({ message: expect.stringContaining("no entry transfer") });
  expect(t2r).toMatchObject({ seed: 3, stages: [{ tokens: 1600 }] });
  expect(lolcats).toMatchObject({ seed: 3, stages: [{ tokens: 800, learning_rate: 0.02 }, { tokens: 800 }] });
});
