import { expect, test } from "vitest";
import { type ChatMessage, ChatTemplate, chatTemplateOf } from "../../src/formats/chat.ts";
import { byteTokenizer } from "../../src/formats/tokenizer/bytes.ts";
import { loadTokenizer } from "../../src/formats/tokenizer/files.ts";
import { createTokenizer } from "../../src/formats/tokenizer/library-tokenizer.ts";
import type { Tokenizer } from "../../src/formats/tokenizer/tokenizer.ts";
import { dataPath, dataTest } from "../data.ts";

const talk: ChatMessage[] = [
  { role: "system", content: "Be brief." },
  { role: "user", content: "Hi" },
  { role: "assistant", content: "\nHello  there" },
  { role: "user", content: "Bye" },
  { role: "assistant", content: "See you" },
];

/** The replies as the mask has them, one string per run of marked tokens. */
function marked(tokenizer: Tokenizer, template: ChatTemplate, messages = talk): string[] {
  const { ids, mask } = template.encode(tokenizer, messages);
  expect(ids).toEqual(tokenizer.encode(template.render(messages)));
  const runs: number[][] = [];
  ids.forEach((id, at) => {
    if (mask[at] !== 1) return;
    if (mask[at - 1] !== 1) runs.push([]);
    runs.at(-1)?.push(id);
  });
  return runs.map((run) => tokenizer.decode(run));
}

async function load(path: string): Promise<{ tokenizer: Tokenizer; template: ChatTemplate }> {
  const tokenizer = await loadTokenizer(path);
  const template = chatTemplateOf(path, tokenizer);
  if (template === undefined) throw new Error(`no template in ${path}`);
  return { tokenizer, template };
}

for (const source of ["smollm2", "smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"]) {
  dataTest(`${source}: the template's text, and replies with their end of turn`, async () => {
    const { tokenizer, template } = await load(dataPath(source));
    expect(template.render([{ role: "user", content: "Hi" }], { addGenerationPrompt: true })).toBe(
      "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n" +
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
    );
    expect(marked(tokenizer, template)).toEqual(["\nHello  there<|im_end|>", "See you<|im_end|>"]);
    expect(marked(tokenizer, template, talk.slice(1, 4))).toEqual(["\nHello  there<|im_end|>"]);
    // The line break that opens the turn and the reply's first one are a single token here: it is the reply's.
    const airy = talk.map((message) => ({ ...message, content: `\n\n${String(message.content).trim()}` }));
    expect(marked(tokenizer, template, airy)).toEqual(["\n\n\nHello  there<|im_end|>", "\n\n\nSee you<|im_end|>"]);
    expect(marked(tokenizer, template, talk.slice(0, 2))).toEqual([]);
  });
}

dataTest("qwen3: earlier replies lose their thoughts, and are still found", async () => {
  const { tokenizer, template } = await load(dataPath("tokenizers", "qwen3"));
  const messages = talk.map((message, at) =>
    at === 2 ? { ...message, content: "<think>\nhm\n</think>\n\nHello" } : message,
  );
  expect(marked(tokenizer, template, messages)).toEqual([
    "Hello<|im_end|>",
    "<think>\n\n</think>\n\nSee you<|im_end|>",
  ]);
  const quiet = template.render([{ role: "user", content: "Hi" }], {
    addGenerationPrompt: true,
    variables: { enable_thinking: false },
  });
  expect(quiet.endsWith("assistant\n<think>\n\n</think>\n\n")).toBe(true);
  expect(template.render(talk, { tools: [{ name: "clock" }] })).toContain('{"name": "clock"}');
});

const simple =
  "{% for m in messages %}[{{ m.role }}]{{ m.content }}<|endoftext|>\n{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}";

test("a template over bytes marks the same characters", () => {
  expect(marked(byteTokenizer(), new ChatTemplate("t", simple))).toEqual([
    "\nHello  there<|endoftext|>",
    "See you<|endoftext|>",
  ]);
});

test("a reply without a closing token is marked to its end", () => {
  const plain = new ChatTemplate("t", simple.replace("<|endoftext|>", ""));
  expect(marked(byteTokenizer(), plain)).toEqual(["\nHello  there\n", "See you\n"]);
});

test("a template that rewrites what came before is named", () => {
  const counting = new ChatTemplate("t", `{{ messages | length }} ${simple}`);
  expect(() => counting.encode(byteTokenizer(), talk)).toThrow(
    "t: its chat template rewrites earlier turns, so that the reply in message 3",
  );
});

test("named templates, special tokens and refusals", () => {
  const { files } = byteTokenizer();
  const config = {
    ...files?.config,
    bos_token: { content: "<|endoftext|>" },
    chat_template: [
      {
        name: "default",
        template: "{{ bos_token }}{% if not messages %}{{ raise_exception('no messages') }}{% endif %}",
      },
      { name: "tool_use", template: "{{ tools | length }} tools" },
    ],
  };
  const template = chatTemplateOf("t", createTokenizer("t", files?.tokenizer, config));
  expect(template?.render(talk)).toBe("<|endoftext|>");
  expect(template?.render(talk, { tools: [1, 2] })).toBe("2 tools");
  expect(() => template?.render([])).toThrow("t: its chat template refuses these messages (no messages)");
  expect(chatTemplateOf("t", byteTokenizer())).toBeUndefined();
});

test("templates that are too long, not Jinja, or without a default are refused", () => {
  expect(() => new ChatTemplate("t", "x".repeat(2 ** 20 + 1))).toThrow("1048577 characters");
  expect(() => new ChatTemplate("t", "{% for %}")).toThrow("t: its chat template is not valid Jinja");
  expect(() => new ChatTemplate("t", new Map([["rag", "x"]]))).toThrow("no chat template named default, only rag");
});
