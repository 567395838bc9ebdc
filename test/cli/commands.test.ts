import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { nextSteps } from "../../src/cli/reports/linearize.ts";
import {
  benchMixersSchema,
  benchSchema,
  datasetSchema,
  evaluateSchema,
  generateSchema,
  inspectSchema,
  linearizePlanSchema,
  linearizeSchema,
  logitsSchema,
  mixersCheckSchema,
  mixersListSchema,
  mixersShowSchema,
  pretrainSchema,
} from "../../src/pipeline/contract.ts";
import { evaluateDocument, linearizeDocument, recordingVerbs, subquad } from "./harness.ts";

describe("flags reach the verb, parsed", () => {
  async function called(...args: string[]) {
    const { verbs, calls } = recordingVerbs();
    const { code, errors } = await subquad(args, { verbs });
    expect(errors).not.toContain("error");
    expect(code).toBe(0);
    return calls;
  }

  test("linearize", async () => {
    const { linearize } = await called(
      ...["linearize", "org/smol@main", "--recipe", "mine.yaml", "--text", "a.txt", "b/", "--tokens", "1M"],
      ...[
        "--transfer-tokens",
        "300k",
        "--finetune-tokens",
        "0",
        "--length",
        "2k",
        "--batch",
        "4",
        "--resume",
        "--seed",
        "7",
      ],
      ...["--set", "a.b=1", "--set", "c.d=[q, v]", "--threads", "2", "--tokenizer", "t.json"],
    );
    expect(linearize).toEqual({
      model: "org/smol@main",
      recipe: "mine.yaml",
      text: ["a.txt", "b/"],
      tokens: 1_000_000,
      transferTokens: 300_000,
      finetuneTokens: 0,
      length: 2000,
      batch: 4,
      output: "smol-mine",
      resume: true,
      set: ["a.b=1", "c.d=[q, v]"],
      seed: 7,
      threads: 2,
      tokenizer: "t.json",
    });
    expect((await called("linearize")).linearize).toMatchObject({ recipe: "lolcats", output: "tiny-lolcats" });
    expect((await called("linearize", "smol", "--budget", "1.5M")).linearize).toMatchObject({ budget: 1_500_000 });
    expect((await called("linearize", "m.gguf", "--output", "out")).linearize).toMatchObject({
      model: "m.gguf",
      output: "out",
    });
  });

  test("linearize --dry-run plans and does nothing", async () => {
    const calls = await called("linearize", "smol", "--dry-run", "--tokens", "5k");
    expect(calls.planLinearize).toMatchObject({ model: "smol", tokens: 5000 });
    expect(calls.linearize).toBeUndefined();
  });

  test("evaluate", async () => {
    const { evaluate } = await called(
      ...[
        "evaluate",
        "m",
        "--against",
        "t",
        "--text",
        "x.txt",
        "--lengths",
        "512,2k",
        "--max-tokens",
        "10k",
        "--tasks",
        "a,b",
      ],
      ...["--task-data", "tasks", "--limit", "20", "--lm-eval-json", "l.json", "--ablations", "--report", "r.html"],
      ...["--recall", "mqar,needle", "--recall-data", "a.jsonl", "b.jsonl", "--recall-lengths", "512,4k"],
      ...["--recall-samples", "3", "--needle-length", "1k", "--seed", "5"],
    );
    expect(evaluate).toEqual({
      model: "m",
      against: "t",
      text: "x.txt",
      lengths: [512, 2000],
      maxTokens: 10_000,
      tasks: ["a", "b"],
      taskData: "tasks",
      limit: 20,
      lmEvalJson: "l.json",
      recall: ["mqar", "needle"],
      recallData: ["a.jsonl", "b.jsonl"],
      recallLengths: [512, 4000],
      recallSamples: 3,
      needleLength: 1000,
      seed: 5,
      ablations: true,
      report: "r.html",
      threads: undefined,
      tokenizer: undefined,
    });
    expect((await called("evaluate", "m")).evaluate).toMatchObject({ maxTokens: 40960, ablations: false });
    expect((await called("evaluate", "m", "--lengths", "none")).evaluate).toMatchObject({ lengths: [] });
  });

  test("evaluate finds tasks in the folder of shared data, unless told another", async () => {
    const { verbs, calls } = recordingVerbs();
    const settings = { verbs, variables: { SUBQUAD_DATA: "shared" } };
    await subquad(["evaluate", "m", "--tasks", "piqa"], settings);
    expect(calls.evaluate?.taskData).toBe(join("shared", "tasks"));
    await subquad(["evaluate", "m", "--tasks", "piqa", "--task-data", "mine"], settings);
    expect(calls.evaluate?.taskData).toBe("mine");
    await subquad(["evaluate", "m", "--tasks", "piqa"], { verbs });
    expect(calls.evaluate?.taskData).toBeUndefined();
  });

  test("dataset", async () => {
    const { listOpsDataset } = await called(
      ...["dataset", "listops", "--count", "5", "--seed", "2", "--max-depth", "4", "--min-length", "0"],
    );
    expect(listOpsDataset).toEqual({
      ...{ count: 5, seed: 2, output: "listops.jsonl" },
      ...{ maxDepth: 4, maxArguments: 10, minLength: 0, maxLength: 2000 },
    });
    const { classificationDataset } = await called("dataset", "classification", "a/", "b.txt", "--length", "1k");
    expect(classificationDataset).toEqual({
      ...{ count: 2000, seed: 0, output: "classification.jsonl" },
      ...{ paths: ["a/", "b.txt"], length: 1000 },
    });
    const { retrievalDataset } = await called("dataset", "retrieval", "a/", "--output", "pairs.jsonl");
    expect(retrievalDataset).toMatchObject({ paths: ["a/"], length: 4000, output: "pairs.jsonl" });
    const { recallDataset } = await called("dataset", "recall", "--probes", "mqar,needle", "--lengths", "100,1k");
    expect(recallDataset).toEqual({
      ...{ count: 2000, seed: 0, output: "recall.jsonl", model: "tiny" },
      ...{ probes: ["mqar", "needle"], lengths: [100, 1000] },
    });
  });

  test("generate", async () => {
    const { generate } = await called(
      ...[
        "generate",
        "m",
        "--ids",
        "1,2, 3",
        "--max-tokens",
        "5",
        "--temperature",
        "0.8",
        "--top-p",
        "0.95",
        "--seed",
        "3",
      ],
      ...["--ignore-eos", "--load-state", "a", "--save-state", "b"],
    );
    expect(generate).toMatchObject({
      model: "m",
      ids: [1, 2, 3],
      maxTokens: 5,
      temperature: 0.8,
      topP: 0.95,
      seed: 3,
      ignoreEos: true,
      loadState: "a",
      saveState: "b",
    });
    expect((await called("generate", "m", "--prompt", "x")).generate).toMatchObject({
      prompt: "x",
      maxTokens: 128,
      temperature: 0,
      topP: 1,
      seed: 0,
      ignoreEos: false,
    });
  });

  test("logits, inspect, pretrain, bench and chat", async () => {
    expect((await called("logits", "m", "--prompt", "x", "--top", "3")).logits).toMatchObject({ prompt: "x", top: 3 });
    expect(
      (await called("inspect", "m", "--recipe", "lolcats", "--length", "1k", "--batch", "2")).inspect,
    ).toMatchObject({
      recipe: "lolcats",
      length: 1000,
      batch: 2,
    });
    expect((await called("pretrain", "--tokens", "5M", "--set", "clip=1", "--output", "o")).pretrain).toMatchObject({
      recipe: "pretrain-tiny",
      tokens: 5_000_000,
      set: ["clip=1"],
      output: "o",
    });
    expect(
      (await called("bench", "m", "--lengths", "1k,8k", "--decode-tokens", "9", "--repeat", "5")).bench,
    ).toMatchObject({
      lengths: [1000, 8000],
      decodeTokens: 9,
      repeat: 5,
    });
    expect((await called("chat", "m", "--system", "Be brief.", "--load-state", "s")).chat).toMatchObject({
      system: "Be brief.",
      temperature: 0.7,
      topP: 0.9,
      maxTokens: 512,
      loadState: "s",
    });
  });

  test("a flag wins over the environment, the environment over the default", async () => {
    const { verbs, calls } = recordingVerbs();
    process.env.SUBQUAD_THREADS = "3";
    try {
      await subquad(["inspect", "m"], { verbs });
      expect(calls.inspect?.threads).toBe(3);
      await subquad(["inspect", "m", "--threads", "1"], { verbs });
      expect(calls.inspect?.threads).toBe(1);
      process.env.SUBQUAD_THREADS = "many";
      expect(await subquad(["inspect", "m"], { verbs })).toMatchObject({ code: 2 });
    } finally {
      delete process.env.SUBQUAD_THREADS;
    }
  });
});

describe("--json prints exactly the verb's document", () => {
  test.each([
    ["linearize", linearizeSchema, ["linearize", "m"]],
    ["linearize --dry-run", linearizePlanSchema, ["linearize", "m", "--dry-run"]],
    ["evaluate", evaluateSchema, ["evaluate", "m"]],
    ["generate", generateSchema, ["generate", "m", "--prompt", "x"]],
    ["logits", logitsSchema, ["logits", "m", "--ids", "1"]],
    ["inspect", inspectSchema, ["inspect", "m"]],
    ["pretrain", pretrainSchema, ["pretrain"]],
    ["bench", benchSchema, ["bench", "m"]],
    ["bench mixers", benchMixersSchema, ["bench", "mixers"]],
    ["dataset listops", datasetSchema, ["dataset", "listops"]],
    ["dataset classification", datasetSchema, ["dataset", "classification", "a", "b"]],
    ["dataset retrieval", datasetSchema, ["dataset", "retrieval", "a"]],
    ["mixers list", mixersListSchema, ["mixers", "list"]],
    ["mixers show", mixersShowSchema, ["mixers", "show", "gla"]],
    ["mixers check", mixersCheckSchema, ["mixers", "check", "gla.safetensors"]],
  ] as const)("%s", async (_name, schema, args) => {
    const { code, output, errors } = await subquad([...args, "--json"]);
    expect(code).toBe(0);
    expect(errors).toBe("");
    const document: unknown = JSON.parse(output);
    expect(schema.parse(document)).toEqual(document);
  });
});

describe("for people", () => {
  test("linearize ends with tables and what to try next", async () => {
    expect((await subquad(["linearize", "m"])).output).toMatchInlineSnapshot(`
      "stage     tokens        time  tokens/s  loss before  loss after
      ────────  ──────  ──────────  ────────  ───────────  ──────────
      transfer    300k   2 min 5 s      2392        12.35      0.9877
      finetune    300k  4 min 10 s      1200          3.5         3.1

      smol-linear against smol

      length  tokens  perplexity  teacher  ratio  window only  linear only  neither
      ──────  ──────  ──────────  ───────  ─────  ───────────  ───────────  ───────
         512   40880       21.99     17.5  1.256         60.5        950.3   123500
       16384   32766        20.1   800.5*      –         60.2            –        –
      * beyond the teacher's own context: marked, not compared

      places  perplexity  teacher  window only
      ──────  ──────────  ───────  ───────────
        1–15       120.5    100.1        121.5
       16–31       60.25     55.5         62.5

      task  metric  rows  chance  score      ±  teacher  margin kept
      ────  ──────  ────  ──────  ─────  ─────  ───────  ───────────
      piqa  acc      200     0.5  0.665  0.033     0.68       91.7 %
      mmlu  acc      200    0.25   0.25  0.033    0.251            –
      margin kept: what is left of the teacher's margin over chance, where it has a clear one

      recall         length  asked of             metric          answers  model  teacher  window only  guess
      ─────────────  ──────  ───────────────────  ──────────────  ───────  ─────  ───────  ───────────  ─────
      mqar            16384  256–511 tokens back  exact match         120  0.875       –*       0.0125      –
      regression-1d     768  1 examples           relative error        4  0.512      0.4         0.75  0.625
      * beyond the teacher's own context: marked, not measured

      43.2 % of the layers' output comes from the linear part.

      Written to smol-linear in 6 min 41 s, peak memory 1.50 GiB.

      What to try next:
        more training: the perplexity is 1.26 times the teacher's; try --tokens 1.2M
        subquad chat smol-linear
        subquad evaluate smol-linear --against smol --ablations --lengths 512,2048,8192 --report report.html
      "
    `);
  });

  test("linearize --dry-run", async () => {
    expect((await subquad(["linearize", "m", "--dry-run"])).output).toMatchInlineSnapshot(`
      "stage     tokens  steps    memory  time
      ────────  ──────  ─────  ────────  ────
      transfer    300k     37  1.50 GiB     –

      model   smol
      recipe  lolcats
      output  smol-lolcats
      memory  1.50 GiB
      disk    512 MiB
      time    1 h 6 min
      "
    `);
  });

  test("inspect, logits and bench", async () => {
    expect((await subquad(["inspect", "m"])).output).toMatchInlineSnapshot(`
      "family              llama
      parameters          135M
      layers              2 lolcats, 1 softmax (1)
      would be replaced   2 of 3 by lolcats (all but 1)
      context             unlimited
      state per sequence  8.58 MiB
      cache per token     768 B
      memory to transfer  1.86 GiB
      memory to finetune  –
      memory to decode    381 MiB
      time to convert     about 1 h 30 min here (lolcats, 40M tokens)
      "
    `);
    expect((await subquad(["logits", "m", "--ids", "1"])).output).toMatchInlineSnapshot(`
      "token     logit
      ─────  ────────
        260  11.50000
          7  -0.25000
      "
    `);
    expect((await subquad(["bench", "m"])).output).toMatchInlineSnapshot(`
      "prompt  prefill tokens/s  decode tokens/s     state  peak memory
      ──────  ────────────────  ───────────────  ────────  ───────────
         128              1500              251  8.58 MiB      286 MiB
      "
    `);
  });

  test("generate streams the text to stdout and the figures to stderr", async () => {
    expect(await subquad(["generate", "m", "--prompt", "x"])).toMatchInlineSnapshot(`
      {
        "code": 0,
        "errors": "5 prompt tokens at 1235 tokens/s, 2 new at 251 tokens/s, state 8.58 MiB, peak memory 286 MiB
      ",
        "output": "a whale
      ",
      }
    `);
  });

  test("chat answers lines, and its commands are not messages", async () => {
    const { code, output, errors } = await subquad(["chat", "m"], {
      input: "hello\n/status\n\n/reset\n/status\n/save\n/exit\nlost\n",
    });
    expect(code).toBe(0);
    expect(output).toBe("you said hello\n");
    expect(errors).toBe(
      "5 tokens in 4.00 KiB of state\nthe conversation is forgotten\n0 tokens in 4.00 KiB of state\nwarning: /save needs a file name\n",
    );
  });
});

describe("what to try next follows from what was measured", () => {
  const [row] = evaluateDocument.perplexity;
  const advice = (change: Partial<NonNullable<typeof row>>): string[] =>
    nextSteps({
      ...linearizeDocument,
      evaluation: { ...evaluateDocument, perplexity: row === undefined ? [] : [{ ...row, ...change }] },
    });

  test("a model close to its teacher is to be used", () => {
    expect(advice({ model: 17.6, ratio: 1.006 })[0]).toBe("subquad chat smol-linear");
  });

  test("a model far from it needs more training", () => {
    expect(advice({ ratio: 1.3 })[0]).toContain("1.3 times the teacher's; try --tokens 1.2M");
  });

  test("a linear part that adds nothing, or harms, is named", () => {
    expect(advice({ model: 20, window_only: 20.1, ratio: 1.01 })[0]).toContain("the linear part adds little");
    expect(advice({ model: 25, window_only: 20, ratio: 1.01 })[0]).toBe(
      "longer sequences: at 512 tokens the window alone does better; try --length 512",
    );
  });
});
