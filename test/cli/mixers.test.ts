import { describe, expect, test } from "vitest";
import { stateText } from "../../src/cli/reports/mixers.ts";
import { mixersCheckDocument, recordingVerbs, subquad } from "./harness.ts";

const [row] = mixersCheckDocument.files;
if (row === undefined) throw new Error("the document has a file");

/** The recording verbs, whose check finds the given files. */
const finding = (files: typeof mixersCheckDocument.files) => ({
  ...recordingVerbs().verbs,
  checkMixers: async () => ({ files }),
});

const broken = { ...row, file: "b.safetensors", passed: false, error: "is truncated", preset: null, forms: [] };

describe("mixers", () => {
  test("flags reach the verbs, parsed", async () => {
    const { verbs, calls } = recordingVerbs();
    await subquad(["mixers", "list", "--heads", "9"], { verbs });
    await subquad(["mixers", "show", "gla", "--dim", "32", "--groups", "3", "--heads", "9", "--length", "2k"], {
      verbs,
    });
    await subquad(["mixers", "check", "a", "b", "--threads", "2"], { verbs });
    expect(calls).toEqual({
      listMixers: { heads: 9, dim: 64, hidden: undefined },
      showMixer: { name: "gla", heads: 9, groups: 3, dim: 32, hidden: undefined, length: 2000 },
      checkMixers: { files: ["a", "b"], threads: 2 },
    });
  });

  test("list for people", async () => {
    expect((await subquad(["mixers", "list"])).output).toMatchInlineSnapshot(`
      "name     what                    paper                       state  forms             goldens
      ───────  ──────────────────────  ────────────────  ───────────────  ────────────────  ───────
      softmax  Softmax attention       arXiv 1706.03762  512 B per token  parallel chunked  yes
      gla      Gated linear attention  arXiv 2312.06635         16.0 KiB  parallel          –

      States of one sequence, float32, with 1 head of 64 dimensions.
      "
    `);
  });

  test("show for people", async () => {
    expect((await subquad(["mixers", "show", "gla"])).output).toMatchInlineSnapshot(`
      "gla: Gated linear attention (arXiv 2312.06635)
      S_t = α_t S_{t−1} + k_tᵀ v_t

      Axes (others as by default)
        rope  none

      Forms
        parallel  yes
        fused     no: no operator

      Parameters
        name        shape  begins as
        ──────────  ─────  ──────────────────
        decay.bias  [128]  constant, value -2

      State (32.0 KiB)
        name       type     shape               size
        ─────────  ───────  ──────────────  ────────
        recurrent  float32  [1, 2, 64, 64]  32.0 KiB

      Answers to
        gla.naive; where scale = 1; float32 to 0.001: sums cancel

      Sizes: batch 1, heads 2, key heads 1, dim 64, hidden 128, at most 1024 tokens.
      "
    `);
  });

  test("the size of a state is said as it grows", () => {
    const size = (total: number, growth: number) => stateText({ state_bytes: total, state_bytes_per_token: growth });
    expect(size(16_640, 0)).toBe("16.3 KiB");
    expect(size(512 * 1024, 512)).toBe("512 B per token");
    expect(size(57_344, 2)).toBe("56.0 KiB at 1k, grows");
    expect(size(0, 0)).toBe("none");
  });

  test("check for people", async () => {
    expect((await subquad(["mixers", "check", "gla.safetensors"])).output).toMatchInlineSnapshot(`
      "file             mixer  form     type      output  state  gradients
      ───────────────  ─────  ───────  ───────  ───────  ─────  ─────────  ──
      gla.safetensors  gla    chunked  float64  1.5e-16      –    2.0e-15  ok

      gla: float32 to 0.001, because sums cancel

      1 of 1 file within the tolerance (float64 1e-9, float32 1e-4 where nothing else is said)
      "
    `);
  });

  test("check ends with 1 where a file failed, after all were printed", async () => {
    const verbs = finding([broken, row]);
    expect(await subquad(["mixers", "check", "b.safetensors", "gla.safetensors"], { verbs })).toMatchObject({
      code: 1,
      output: expect.stringMatching(/gla\.safetensors .* ok\n[\s\S]*b\.safetensors: is truncated\n/),
      errors: "error: 1 of 2 files failed\n",
    });
  });

  test("check --json prints one document, whatever failed", async () => {
    const { code, output } = await subquad(["mixers", "check", "b.safetensors", "--json"], {
      verbs: finding([broken]),
    });
    expect(code).toBe(1);
    expect(JSON.parse(output)).toMatchObject({ files: [{ file: "b.safetensors", error: "is truncated" }] });
  });
});

describe("bench mixers", () => {
  test("flags reach the verb, parsed, also those that bench has too", async () => {
    const { verbs, calls } = recordingVerbs();
    await subquad(["bench", "mixers", "--presets", "a,b", "--lengths", "256,1024", "--memory", "2"], { verbs });
    expect(calls).toEqual({
      benchMixers: {
        presets: ["a", "b"],
        lengths: [256, 1024],
        heads: 8,
        dim: 64,
        repeats: 5,
        memory: 2 ** 31,
        seed: 0,
      },
    });
    await subquad(["bench", "m", "--lengths", "5"], { verbs });
    expect(calls.bench).toMatchObject({ model: "m", lengths: [5] });
  });

  test("for people", async () => {
    expect((await subquad(["bench", "mixers"])).output).toMatchInlineSnapshot(`
      "mixer    form     tokens  forward  backward   step    memory     state
      ───────  ───────  ──────  ───────  ────────  ─────  ────────  ────────
      softmax  chunked    1024   1.5 ms    7.2 ms  50 µs  8.00 MiB  32.0 KiB
      gla      chunked    1024     1 ms      4 ms  50 µs  4.00 MiB  32.0 KiB
      gla      chunked    2048     2 ms     10 ms      –  8.00 MiB  32.0 KiB

      Time of twice the length over time of the length, forward and backward (2 is linear, ! above 2.3):

      mixer    1024 to 2048
      ───────  ──────────────
      softmax               –
      gla         2.00 2.50 !

      softmax ends before 2048 tokens: would need about 5.0 GiB, and at most 4.0 GiB are used

      One sequence, 2 heads of 64 dimensions, float32, 2 threads; backward is forward and backward together.

      The plot is in mixers.svg.
      "
    `);
  });
});
