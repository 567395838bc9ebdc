/** Conversations: turn by turn they are what the template renders as a whole, whatever interrupts them. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ChatTemplate } from "../../src/formats/chat.ts";
import { chat } from "../../src/pipeline/chat.ts";
import { ChatTurns } from "../../src/pipeline/chat-turns.ts";
import type { ChatOptions } from "../../src/pipeline/contract.ts";
import { generate } from "../../src/pipeline/generate.ts";
import { openModel } from "../../src/pipeline/open-model.ts";
import { dataPath, dataTest } from "../data.ts";
import { temporaryFolder } from "../formats/temporary.ts";
import { recordingContext } from "./context.ts";

const chatml =
  "{% if messages[0].role != 'system' %}<|system|>be kind<|end|>{% endif %}{% for m in messages %}<|{{ m.role }}|>{{ m.content | trim }}<|end|>\n{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}";

describe("turns of a template", () => {
  test.each([undefined, "be brief"])("join to what it renders at once, with the system message %j", (system) => {
    const template = new ChatTemplate("model", chatml);
    const turns = new ChatTurns("model", template, system);
    const messages = [
      ...(system === undefined ? [] : [{ role: "system", content: system }]),
      { role: "user", content: "one" },
      { role: "assistant", content: "two" },
      { role: "user", content: "three" },
      { role: "assistant", content: "four" },
      { role: "user", content: "five" },
    ];
    const joined = `${turns.first("one")}two${turns.next("three")}four${turns.next("five")}`;
    expect(joined).toBe(template.render(messages, { addGenerationPrompt: true }));
  });

  test("need a template that repeats replies", () => {
    const forgetful = new ChatTemplate("model", "{{ messages[-1].content }}");
    expect(() => new ChatTurns("model", forgetful, undefined).next("x")).toThrow("leaves out earlier replies");
  });
});

const options = (more: Partial<ChatOptions> = {}): ChatOptions => ({
  model: dataPath("smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"),
  tokenizer: dataPath("smollm2"),
  threads: 2,
  maxTokens: 8,
  temperature: 0,
  topP: 1,
  seed: 0,
  ...more,
});

async function say(reply: AsyncIterable<string>): Promise<string> {
  let text = "";
  for await (const piece of reply) text += piece;
  return text;
}

describe("a conversation with SmolLM2", () => {
  const folder = temporaryFolder();
  const never = new AbortController().signal;

  dataTest("is the generation from the whole rendered conversation, also after it was saved and loaded", async () => {
    const { context } = recordingContext();
    const session = await chat(options({ system: "You are terse." }), context);
    const first = await say(session.reply("Name a colour.", never));
    const file = join(folder, "talk.safetensors");
    await session.save(file);
    const second = await say(session.reply("And another?", never));
    const { tokens, stateBytes } = session.status();
    expect(stateBytes).toBeGreaterThan(0);
    await session.close();

    const opened = await openModel(options().model, { tokenizer: options().tokenizer });
    const prompt = opened.chatTemplate?.render(
      [
        { role: "system", content: "You are terse." },
        { role: "user", content: "Name a colour." },
        { role: "assistant", content: first },
        { role: "user", content: "And another?" },
      ],
      { addGenerationPrompt: true },
    );
    const expected = await generate({ ...options(), prompt, ignoreEos: false }, context);
    expect(second).toBe(expected.text);
    expect(tokens).toBeGreaterThanOrEqual(expected.prompt_tokens + expected.ids.length - 1);

    const loaded = await chat(options({ loadState: file }), context);
    expect(await say(loaded.reply("And another?", never))).toBe(second);
    await loaded.reset();
    expect(loaded.status().tokens).toBe(0);
    await loaded.close();
  });

  dataTest("survives a reply that is stopped, before it begins or in its middle", async () => {
    const { context } = recordingContext();
    const session = await chat(options(), context);
    const controller = new AbortController();
    let said = "";
    for await (const piece of session.reply("Name a fruit.", controller.signal)) {
      said += piece;
      controller.abort();
    }
    expect(said).not.toBe("");
    let last = "";
    for await (const piece of session.reply("Name a river.", never)) {
      last = piece;
      break;
    }
    expect(last).not.toBe("");
    const opened = await openModel(options().model, { tokenizer: options().tokenizer });
    const conversation = [
      { role: "user", content: "Name a fruit." },
      { role: "assistant", content: said },
      { role: "user", content: "Name a river." },
      { role: "assistant", content: last },
      { role: "user", content: "Name a town." },
    ];
    const rendered = (messages: typeof conversation) =>
      opened.chatTemplate?.render(messages, { addGenerationPrompt: true }) ?? "";
    const expected = await generate({ ...options(), prompt: rendered(conversation), ignoreEos: false }, context);
    const answer = await say(session.reply("Name a town.", never));
    expect(answer).toBe(expected.text);
    expect(answer).not.toBe("");

    expect(await say(session.reply("Name a colour.", AbortSignal.abort()))).toBe("");
    conversation.push({ role: "assistant", content: answer }, { role: "user", content: "Name a colour." });
    // What the user said is kept, though nothing of it was taken in yet.
    expect(session.status().tokens).toBe(opened.tokenizer.encode(rendered(conversation)).length);
    await session.close();
  });

  dataTest("needs a chat template, and says when a system message comes too late", async () => {
    const stories = dataPath("stories260K", "stories260K.bin");
    const plain = { ...options(), model: stories, tokenizer: dataPath("stories260K", "tok512.bin") };
    await expect(chat(plain, recordingContext().context)).rejects.toThrow("has no chat template");
    const report = recordingContext();
    const file = join(folder, "talk.safetensors");
    const session = await chat(options({ loadState: file, system: "Be loud." }), report.context);
    expect(report.warnings[0]).toContain("has begun already");
    await session.close();
  });
});
