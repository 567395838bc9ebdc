/** The verbs `generate`, `logits` and `bench` on real models: the reference implementation's tokens, states in files. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { Decoder } from "../../src/inference/decoder.ts";
import { generate as generateTokens } from "../../src/inference/generator.ts";
import { createSampler } from "../../src/inference/sampler.ts";
import { topIndices } from "../../src/inference/top.ts";
import { bench } from "../../src/pipeline/bench.ts";
import { benchSchema, type GenerateOptions, generateSchema, logitsSchema } from "../../src/pipeline/contract.ts";
import { generate } from "../../src/pipeline/generate.ts";
import { logits } from "../../src/pipeline/logits.ts";
import { openModel } from "../../src/pipeline/open-model.ts";
import { createEngine } from "../../src/runtime/index.ts";
import { expectClose } from "../compare.ts";
import { dataPath, dataTest } from "../data.ts";
import { temporaryFolder } from "../formats/temporary.ts";
import { recordingContext } from "./context.ts";

interface Golden {
  readonly prompts: readonly {
    readonly text: string;
    readonly ids: readonly number[];
    readonly top10_ids: readonly number[];
    readonly top10_logits: readonly number[];
    readonly greedy_32: readonly number[];
  }[];
}

const smollm2 = () => ({
  model: dataPath("smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"),
  tokenizer: dataPath("smollm2"),
  threads: 2,
});
const golden = () => JSON.parse(readFileSync(dataPath("smollm2", "golden.json"), "utf8")) as Golden;
const stories = () => ({
  model: dataPath("stories260K", "stories260K.bin"),
  tokenizer: dataPath("stories260K", "tok512.bin"),
  threads: 1,
});
const greedy = { temperature: 0, topP: 1, seed: 0, ignoreEos: false } as const;
const run = (options: Partial<GenerateOptions>, report = recordingContext()) =>
  generate({ ...stories(), ...greedy, maxTokens: 40, ...options }, report.context);

describe("SmolLM2 from its GGUF", () => {
  dataTest("continues every prompt as the reference implementation does", async () => {
    const { model, tokenizer } = smollm2();
    const opened = await openModel(model, { tokenizer });
    const engine = createEngine({ threads: 2 });
    const decoder = new Decoder(engine, opened.model);
    for (const { text, ids, top10_ids, top10_logits, greedy_32 } of golden().prompts) {
      expect(opened.tokenizer.encode(text, { special: true })).toEqual(ids);
      const state = decoder.start(ids.length + 32);
      await decoder.prefill(state, ids);
      const top = topIndices(state.logits.data, 10);
      expect(top).toEqual(top10_ids);
      expectClose(
        top.map((id) => state.logits.data[id] ?? 0),
        top10_logits,
        1e-5,
      );
      const made: number[] = [];
      const stop = new Set(opened.endOfText);
      const tokens = generateTokens(decoder, state, { maxTokens: 32, sampler: createSampler(), stop });
      for await (const id of tokens) made.push(id);
      expect(made).toEqual(greedy_32);
    }
    await engine.release();
  });

  dataTest("by the verb: the text without its closing token, and what it took", async () => {
    const [prompt] = golden().prompts;
    const pieces: string[] = [];
    const report = recordingContext();
    const onText = (piece: string) => void pieces.push(piece);
    const document = generateSchema.parse(
      await generate({ ...smollm2(), ...greedy, prompt: prompt?.text, maxTokens: 32, onText }, report.context),
    );
    expect(document.ids).toEqual(prompt?.greedy_32);
    expect(document.text).toBe(" Paris.\n\nThe answer is: 2018-01-22 12:12:53.");
    expect(pieces.join("")).toBe(document.text);
    expect(pieces.length).toBeGreaterThan(20);
    expect(document.prompt_tokens).toBe(5);
    expect(document.samples.map(({ tokens }) => tokens)).toEqual([29]);
    expect(report.warnings).toEqual([]);
    expect(report.stages).toEqual([{ name: "prefill", done: 5, ended: 1 }]);
  });
});

describe("generate on stories260K", () => {
  const folder = temporaryFolder();
  const prompt = "Once upon a time, there was a little";

  dataTest("is the same in two halves, by way of a state file, as in one go", async () => {
    const whole = await run({ prompt });
    const saveState = join(folder, "half.safetensors");
    const first = await run({ prompt, maxTokens: 15, saveState });
    const second = await run({ loadState: saveState, maxTokens: 25 });
    expect([...first.ids, ...second.ids]).toEqual(whole.ids);
    expect(second.prompt_tokens).toBe(0);
    expect(second.tokens_per_second.prefill).toBeNull();
  });

  dataTest("reads a prompt after a loaded state, without a second beginning", async () => {
    const saveState = join(folder, "prompt.safetensors");
    const { tokenizer } = await openModel(stories().model, { tokenizer: stories().tokenizer });
    const [first, second] = ["Once upon a time", " there was a dog"];
    const nothing = await run({ prompt: first, maxTokens: 0, saveState });
    expect(nothing.ids).toEqual([]);
    expect(nothing.tokens_per_second.decode).toBeNull();
    const continued = await run({ prompt: second, loadState: saveState });
    const ids = [...tokenizer.encode(first, { special: true }), ...tokenizer.encode(second)];
    expect(continued.ids).toEqual((await run({ ids })).ids);
  });

  dataTest("keeps the space before its first word", async () => {
    const { text } = await run({ prompt: "Once upon a time, there was a", maxTokens: 3 });
    expect(text).toMatch(/^ \S/);
  });

  dataTest("repeats itself for a seed, and not for another", async () => {
    const sampled = (seed: number) => run({ prompt, temperature: 1, topP: 0.95, seed });
    const [one, same, other] = [await sampled(1), await sampled(1), await sampled(2)];
    expect(same.ids).toEqual(one.ids);
    expect(other.ids).not.toEqual(one.ids);
  });

  dataTest("refuses what it cannot begin with", async () => {
    await expect(run({ ids: [] })).rejects.toThrow("the prompt has no tokens");
    await expect(run({ ids: [1, 512] })).rejects.toThrow("token 512 is outside its vocabulary of 512");
    await expect(run({ ids: [1], prompt })).rejects.toThrow("give one of them");
    await expect(run({ prompt, temperature: -1 })).rejects.toThrow("temperature");
  });

  dataTest("refuses another model's state", async () => {
    const saveState = join(folder, "stories.safetensors");
    await run({ prompt, maxTokens: 1, saveState });
    const other = generate({ ...smollm2(), ...greedy, maxTokens: 1, loadState: saveState }, recordingContext().context);
    await expect(other).rejects.toThrow("is a state of another model");
  });

  dataTest("warns beyond the context that softmax attention was trained to", async () => {
    const report = recordingContext();
    await run({ prompt, maxTokens: 520, ignoreEos: true }, report);
    expect(report.warnings).toHaveLength(1);
    expect(report.warnings[0]).toContain("at most 512 tokens");
  });

  dataTest("rejects with the signal's reason, and leaves no state file, when it is interrupted", async () => {
    const controller = new AbortController();
    let pieces = 0;
    const saveState = join(folder, "interrupted.safetensors");
    const onText = () => {
      if (++pieces === 3) controller.abort(new Error("interrupted"));
    };
    const running = run({ prompt, onText, saveState }, recordingContext(controller.signal));
    await expect(running).rejects.toThrow("interrupted");
    await expect(run({ loadState: saveState })).rejects.toThrow(/interrupted\.safetensors/);
  });
});

describe("logits", () => {
  dataTest("are the reference implementation's, from text and from ids, best first", async () => {
    const { context } = recordingContext();
    const [prompt] = golden().prompts;
    const document = logitsSchema.parse(await logits({ ...smollm2(), prompt: prompt?.text, top: 10 }, context));
    expect(document.ids).toEqual(prompt?.ids);
    expect(document.top_ids).toEqual(prompt?.top10_ids);
    expectClose(document.top_logits, prompt?.top10_logits ?? [], 1e-5);
    const again = await logits({ ...smollm2(), ids: prompt?.ids, top: 3 }, context);
    expect(again.top_logits).toEqual(document.top_logits.slice(0, 3));
    await expect(logits({ ...stories(), ids: [], top: 3 }, context)).rejects.toThrow("the prompt has no tokens");
  });
});

describe("bench", () => {
  dataTest("measures each length", async () => {
    const report = recordingContext();
    const options = { ...stories(), lengths: [5, 300], decodeTokens: 4, repeat: 2 };
    const document = benchSchema.parse(await bench(options, report.context));
    expect(document).toMatchObject({ model: options.model, threads: 1, repeat: 2 });
    expect(document.rows.map(({ length }) => length)).toEqual([5, 300]);
    for (const row of document.rows) {
      expect(row.prefill_tokens_per_second).toBeGreaterThan(0);
      expect(row.decode_tokens_per_second).toBeGreaterThan(0);
    }
    expect(document.rows[1]?.state_bytes).toBe(2 * (document.rows[0]?.state_bytes ?? 0));
    expect(report.stages).toEqual([{ name: "bench", done: 4, ended: 1 }]);
  });
});
