import { describe, expect, test } from "vitest";
import { compareSchema } from "../../src/pipeline/contract.ts";
import { recordingVerbs, subquad } from "./harness.ts";

describe("compare", () => {
  test("hands its options to the verb, parsed", async () => {
    const { verbs, calls } = recordingVerbs();
    const args = [
      ...["compare", "smol", "--recipes", "lolcats,mine.yaml", "--budget", "60k", "--length", "256", "--batch", "2"],
      ...["--text", "a.txt", "b/", "--test-text", "c.txt", "d.txt", "--lengths", "256,2k", "--max-tokens", "8k"],
      ...["--set", "seed=1", "--set", "mine:layers=all", "--seed", "7", "--finetuned-teacher", "--output", "out"],
      ...["--resume", "--threads", "2", "--tokenizer", "t.json", "--json"],
    ];
    expect((await subquad(args, { verbs })).code).toBe(0);
    expect(calls.compare).toEqual({
      ...{ model: "smol", recipes: ["lolcats", "mine.yaml"], budget: 60_000, length: 256, batch: 2 },
      ...{ text: ["a.txt", "b/"], testText: ["c.txt", "d.txt"], lengths: [256, 2000], maxTokens: 8000 },
      ...{ set: ["seed=1", "mine:layers=all"], seed: 7, finetunedTeacher: true, output: "out", resume: true },
      ...{ threads: 2, tokenizer: "t.json" },
    });
    await subquad(["compare", "org/smol@main", "--budget", "1M"], { verbs });
    expect(calls.compare).toEqual({
      ...{ model: "org/smol@main", recipes: [], budget: 1_000_000, maxTokens: 40_960 },
      ...{ finetunedTeacher: false, output: "smol-compare" },
    });
  });

  test("without a budget is wrong usage", async () => {
    const { code, errors } = await subquad(["compare", "m"]);
    expect(code).toBe(2);
    expect(errors).toContain("required option '--budget <n>' not specified");
  });

  test("--json prints exactly the verb's document", async () => {
    const { output } = await subquad(["compare", "--budget", "60k", "--json"]);
    const document: unknown = JSON.parse(output);
    expect(compareSchema.parse(document)).toEqual(document);
  });

  test("prints tables for people", async () => {
    expect((await subquad(["compare", "--budget", "60k"])).output).toMatchInlineSnapshot(`
      "smol, 60k tokens for each recipe

      Perplexity on a_book.txt, at windows of 256 and 1024 tokens; without parts, and the linear part's share, at 1024:

      recipe             at 256  ratio  at 1024  ratio  window only  linear only  neither  linear share
      ─────────────────  ──────  ─────  ───────  ─────  ───────────  ───────────  ───────  ────────────
      teacher                10      1       –*      –            –            –        –             –
      finetuned-teacher     9.5   0.95       –*      –            –            –        –             –
      lolcats              12.5   1.25    11.5*      –         60.5        950.3   123500          25 %
      liger-gla              30      3      29*      –           31           32       33          25 %

      What it took, and what decoding keeps:

      recipe             tokens  time  tokens/s     state  and per token
      ─────────────────  ──────  ────  ────────  ────────  ─────────────
      teacher                 –     –         –       0 B          768 B
      finetuned-teacher     60k  40 s      1500  4.00 KiB            0 B
      lolcats               60k  40 s      1500  4.00 KiB            0 B
      liger-gla             60k  40 s      1500  4.00 KiB            0 B

      Held-out losses of the stages:

      recipe             stage     tokens  time  before  after
      ─────────────────  ────────  ──────  ────  ──────  ─────
      finetuned-teacher  transfer     60k  40 s     0.5   0.25
      lolcats            transfer     60k  40 s     0.5   0.25
      liger-gla          transfer     60k  40 s     0.5   0.25

      t2r could not be run: nothing learns | here
      finetuned-teacher: the teacher with the finetuning of lolcats, on the same text and tokens.
      * beyond the teacher's own context: marked, not compared

      Written to smol-compare: compare.md, compare.svg, compare.json, and each model in a folder of its name.
      "
    `);
  });
});
