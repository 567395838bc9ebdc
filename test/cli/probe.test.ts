import { describe, expect, test } from "vitest";
import { probeSchema } from "../../src/pipeline/contract.ts";
import { recordingVerbs, stoppedVerb, subquad } from "./harness.ts";

describe("probe", () => {
  test("hands its options to the verb, parsed", async () => {
    const { verbs, calls } = recordingVerbs();
    const args = [
      ...["probe", "smol", "--recipe", "mine.yaml", "--with", "linear", "--tokens", "60k", "--length", "256"],
      ...[
        "--batch",
        "2",
        "--text",
        "a.txt",
        "b/",
        "--test-text",
        "c.txt",
        "--test-length",
        "512",
        "--max-tokens",
        "8k",
      ],
      ...[
        "--set",
        "seed=1",
        "--seed",
        "7",
        "--output",
        "out",
        "--resume",
        "--memory",
        "1.5MiB",
        "--target-length",
        "8k",
      ],
      ...["--by", "recall", "--threads", "2", "--tokenizer", "t.json", "--json"],
    ];
    expect((await subquad(args, { verbs })).code).toBe(0);
    expect(calls.probe).toEqual({
      ...{ model: "smol", recipe: "mine.yaml", linear: "linear", tokens: 60_000, length: 256, batch: 2 },
      ...{ text: ["a.txt", "b/"], testText: "c.txt", testLength: 512, maxTokens: 8000, set: ["seed=1"], seed: 7 },
      ...{
        output: "out",
        resume: true,
        memory: 1_572_864,
        by: "recall",
        targetLength: 8000,
        threads: 2,
        tokenizer: "t.json",
      },
    });
    await subquad(["probe", "smol"], { verbs });
    expect(calls.probe).toEqual({
      model: "smol",
      recipe: "lolcats",
      tokens: 300_000,
      maxTokens: 16_384,
      by: "perplexity",
    });
  });

  test.each(["many", "0", "64MB", "-1", "1.5 TiB x"])("takes no memory of %j", async (memory) => {
    const { code, errors } = await subquad(["probe", "m", "--memory", memory]);
    expect(code).toBe(2);
    expect(errors).toContain("1048576, 64MiB or 1.5GiB");
  });

  test("can be resumed where the layers are kept", async () => {
    const stopped = async (...args: string[]) => {
      const abort = new AbortController();
      abort.abort();
      const verbs = { ...recordingVerbs().verbs, probe: stoppedVerb };
      return await subquad(["probe", "m", ...args], { verbs, signal: abort.signal });
    };
    expect(await stopped()).toMatchObject({ code: 130, errors: "interrupted\n" });
    expect((await stopped("--output", "out")).errors).toContain("run again with --resume");
  });

  test("--json prints exactly the verb's document", async () => {
    const { output } = await subquad(["probe", "m", "--json"]);
    const document: unknown = JSON.parse(output);
    expect(probeSchema.parse(document)).toEqual(document);
  });

  test("prints layers and plan for people", async () => {
    expect((await subquad(["probe", "m"])).output).toMatchInlineSnapshot(`
      "smol with layers linearized by lolcats, on 16368 tokens in windows of 1024

      linearized  perplexity  ratio  recall  log p  as softmax  linearized  plan
      ──────────  ──────────  ─────  ──────  ─────  ──────────  ──────────  ────
            none        17.5      1    0.75   -0.5    36.0 MiB
               0       17.75  1.014     0.5   -1.5    12.0 MiB     288 KiB
               1           –      –       –      –    12.0 MiB           –  keep
               2          28    1.6   0.125   -4.5    12.0 MiB     288 KiB  keep
             all          35      2       0  -6.25                12.6 MiB

      Within 32.0 MiB for 8192 tokens, keep 2 of 3 layers as softmax, for perplexity: 1, 2. That takes 24.3 MiB, and a perplexity of about 1.01 times
      the teacher's, if the losses of layers add up:
        subquad linearize smol --recipe lolcats --set layers.softmax=[1,2]
      "
    `);
  });
});
