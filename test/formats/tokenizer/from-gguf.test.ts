import { expect, test } from "vitest";
import { byteCharacter } from "../../../src/formats/tokenizer/byte-alphabet.ts";
import { loadTokenizer } from "../../../src/formats/tokenizer/files.ts";
import { tokenizerFromGguf } from "../../../src/formats/tokenizer/from-gguf.ts";
import { PRE_TOKENIZERS } from "../../../src/formats/tokenizer/patterns.ts";
import { dataPath, dataTest } from "../../data.ts";

const bytes = Array.from({ length: 256 }, (_, byte) => byteCharacter(byte));

/** A byte-level vocabulary with a few merges. */
function metadata(pre: string, more: [string, unknown][] = []): Map<string, unknown> {
  const tokens = [...bytes, "12", "123", "1234", "Ġ1", "ĠĠ", "<|end|>", "<tool>", "<|start|>"];
  const types = Int32Array.from(tokens, (token) => (token.startsWith("<|") ? 3 : token === "<tool>" ? 4 : 1));
  return new Map<string, unknown>([
    ["tokenizer.ggml.model", "gpt2"],
    ["tokenizer.ggml.pre", pre],
    ["tokenizer.ggml.tokens", tokens],
    ["tokenizer.ggml.token_type", types],
    ["tokenizer.ggml.merges", ["Ġ 1", "1 2", "12 3", "123 4", "Ġ Ġ"]],
    ["tokenizer.ggml.eos_token_id", 261],
    ["tokenizer.ggml.bos_token_id", 263],
    ...more,
  ]);
}

const spell = (pre: string, text: string): string[] => {
  const tokenizer = tokenizerFromGguf("model.gguf", metadata(pre));
  return tokenizer.encode(text).map((id) => tokenizer.tokenOf(id) ?? "");
};

test("the named rules cut numbers and spaces as their originals do", () => {
  expect(spell("gpt-2", "a 1234")).toEqual(["a", "Ġ1", "2", "3", "4"]);
  expect(spell("smollm", "a 1234")).toEqual(["a", "Ġ", "1", "2", "3", "4"]);
  expect(spell("smollm", "a  1")).toEqual(["a", "ĠĠ", "1"]);
  expect(spell("llama-bpe", "a 1234")).toEqual(["a", "Ġ", "123", "4"]);
  expect(spell("qwen2", "a 1234")).toEqual(["a", "Ġ", "1", "2", "3", "4"]);
  expect(spell("default", "a1234")).toEqual(["a", "123", "4"]);
});

test("each named rule is a tokenizer that gives every text back", () => {
  const text = "It's 12,345.67 naïve\n\n  {x}\t日本語 😀 's ²\r\n";
  for (const name of PRE_TOKENIZERS.keys()) {
    const tokenizer = tokenizerFromGguf("model.gguf", metadata(name));
    expect([name, tokenizer.decode(tokenizer.encode(text))]).toEqual([name, text]);
  }
});

test("control tokens are special, the author's own are not, and both are taken whole", () => {
  const tokenizer = tokenizerFromGguf("model.gguf", metadata("gpt-2"));
  expect(tokenizer.encode("a<|end|><tool>")).toEqual([97, 261, 262]);
  expect([...tokenizer.specialIds]).toEqual([261, 263]);
  expect([tokenizer.beginningOfText, tokenizer.endOfText]).toEqual([263, 261]);
});

test("sequences begin with a token where the file or the rule says so", () => {
  const special = (pre: string, more: [string, unknown][] = []): number[] =>
    tokenizerFromGguf("model.gguf", metadata(pre, more)).encode("a", { special: true });
  expect(special("gpt-2")).toEqual([97]);
  expect(special("llama-bpe")).toEqual([263, 97]);
  expect(special("llama-bpe", [["tokenizer.ggml.add_bos_token", false]])).toEqual([97]);
  expect(special("gpt-2", [["tokenizer.ggml.add_eos_token", true]])).toEqual([97, 261]);
});

test("what cannot be read is named", () => {
  expect(() => tokenizerFromGguf("m.gguf", new Map())).toThrow("m.gguf: holds no tokenizer; name one with --tokenizer");
  expect(() => tokenizerFromGguf("m.gguf", metadata("martian"))).toThrow('the rule "martian"');
  expect(() => tokenizerFromGguf("m.gguf", new Map([["tokenizer.ggml.model", "t5"]]))).toThrow('the kind "t5"');
  const broken = metadata("gpt-2", [["tokenizer.ggml.merges", ["ab"]]]);
  expect(() => tokenizerFromGguf("m.gguf", broken)).toThrow('malformed merge "ab"');
  const untyped = metadata("gpt-2", [["tokenizer.ggml.tokens", 7]]);
  expect(() => tokenizerFromGguf("m.gguf", untyped)).toThrow("tokenizer.ggml.tokens");
  const unscored = new Map<string, unknown>([
    ["tokenizer.ggml.model", "llama"],
    ["tokenizer.ggml.tokens", ["a", "b"]],
    ["tokenizer.ggml.scores", new Float32Array(1)],
  ]);
  expect(() => tokenizerFromGguf("m.gguf", unscored)).toThrow("2 tokens but 1 scores");
});

dataTest("a placeholder vocabulary of the llama kind loads", async () => {
  const tokenizer = await loadTokenizer(dataPath("families", "llama-gguf", "F16.gguf"));
  expect(tokenizer.vocabularySize).toBe(64);
  expect(tokenizer.decode([3, 63])).toContain("t63");
});

dataTest("the chat template comes along", async () => {
  const { files } = await loadTokenizer(dataPath("smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"));
  expect(files?.config.chat_template).toContain("<|im_start|>assistant");
});
