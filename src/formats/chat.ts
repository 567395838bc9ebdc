/** Chat templates: conversations as the text a model was trained on, and which of its tokens are replies. */
import { Template } from "@huggingface/jinja";
import { FormatError, SubquadError } from "../errors.ts";
import type { Tokenizer } from "./tokenizer/tokenizer.ts";

/** One turn of a conversation; further keys (`tool_calls`, `reasoning_content`, …) are the template's own. */
export interface ChatMessage {
  readonly role: string;
  readonly content?: unknown;
  readonly [key: string]: unknown;
}

/** What a template may be told besides the messages. */
export interface RenderOptions {
  /** End with the opening of a reply, for the model to go on. */
  readonly addGenerationPrompt?: boolean;
  readonly tools?: readonly unknown[];
  /** The template's own variables, such as `enable_thinking`. */
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** A conversation as tokens. */
export interface EncodedChat {
  readonly ids: number[];
  /** 1 for the tokens of the assistant's replies and the token that ends each, 0 for all others. */
  readonly mask: Uint8Array;
}

/** Far above published templates (some 20 KB): a template is a program, and this bounds what is parsed. */
const MAXIMUM_TEMPLATE_LENGTH = 2 ** 20;

/** Turns conversations into text. */
export class ChatTemplate {
  readonly #name: string;
  readonly #default: Template;
  readonly #withTools: Template;
  readonly #constants: Readonly<Record<string, unknown>>;

  /**
   * `source` is Jinja, or several named ones, of which `default` is used, and `tool_use` where there are tools.
   * @throws FormatError where it is too long or not valid.
   */
  constructor(name: string, source: string | ReadonlyMap<string, string>, constants: Record<string, unknown> = {}) {
    const sources = typeof source === "string" ? new Map([["default", source]]) : source;
    const main = sources.get("default");
    if (main === undefined) {
      throw new FormatError(name, `has no chat template named default, only ${[...sources.keys()].join(", ")}`);
    }
    this.#name = name;
    this.#default = parse(name, main);
    const tools = sources.get("tool_use");
    this.#withTools = tools === undefined ? this.#default : parse(name, tools);
    this.#constants = constants;
  }

  /** The conversation's text. @throws SubquadError with the template's own words where it refuses the messages. */
  render(messages: readonly ChatMessage[], options: RenderOptions = {}): string {
    const { tools, variables, addGenerationPrompt = false } = options;
    const template = tools === undefined ? this.#default : this.#withTools;
    try {
      return template.render({
        ...this.#constants,
        ...(tools === undefined ? {} : { tools }),
        ...variables,
        messages,
        add_generation_prompt: addGenerationPrompt,
      });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new SubquadError(`${this.#name}: its chat template refuses these messages (${reason})`, { cause: error });
    }
  }

  /**
   * The conversation's tokens, with the assistant's replies marked. Where a reply begins is where the conversation so
   * far, opened for a reply, ends; so every such opening must be a prefix of the whole.
   * @throws SubquadError where the template does not keep to that.
   */
  encode(tokenizer: Tokenizer, messages: readonly ChatMessage[], options: RenderOptions = {}): EncodedChat {
    const text = this.render(messages, options);
    const ids = tokenizer.encode(text);
    const mask = new Uint8Array(ids.length);
    messages.forEach(({ role }, index) => {
      if (role !== "assistant") return;
      const opening = this.render(messages.slice(0, index), { ...options, addGenerationPrompt: true });
      if (!text.startsWith(opening)) throw this.#unmarkable(index);
      const start = boundary(tokenizer, ids, opening).before;
      const closed = this.render(messages.slice(0, index + 1), { ...options, addGenerationPrompt: false });
      mask.fill(1, start, this.#endOfReply(tokenizer, ids, { text, opening, closed, start, index }));
    });
    return { ids, mask };
  }

  /** One past the last token of a reply: the special token that closes it, or all it has where there is none. */
  #endOfReply(tokenizer: Tokenizer, ids: number[], reply: Reply): number {
    const { text, opening, closed, start, index } = reply;
    if (!closed.startsWith(opening)) throw this.#unmarkable(index);
    if (text.startsWith(closed)) {
      const end = boundary(tokenizer, ids, closed).after;
      for (let at = end - 1; at >= start; at--) {
        if (tokenizer.specialIds.has(ids[at] ?? -1)) return at + 1;
      }
      return end;
    }
    // Some templates write the last reply otherwise than earlier ones (with its thoughts): the token that closes it
    // there closes it here.
    const closing = tokenizer.encode(closed.slice(opening.length)).findLast((id) => tokenizer.specialIds.has(id));
    const end = closing === undefined ? -1 : ids.indexOf(closing, start);
    if (end < 0) throw this.#unmarkable(index);
    return end + 1;
  }

  #unmarkable(index: number): SubquadError {
    return new SubquadError(
      `${this.#name}: its chat template rewrites earlier turns, so that the reply in message ${index + 1} cannot be told from the rest; train on plain text instead, or begin the conversation with a user's message`,
    );
  }
}

interface Reply {
  readonly text: string;
  readonly opening: string;
  readonly closed: string;
  readonly start: number;
  readonly index: number;
}

/** Where `prefix` ends among the ids of a text it begins; a token across the border lies between before and after. */
function boundary(tokenizer: Tokenizer, ids: number[], prefix: string): { before: number; after: number } {
  const own = tokenizer.encode(prefix);
  let common = 0;
  while (common < own.length && own[common] === ids[common]) common++;
  return { before: common, after: common === own.length ? common : common + 1 };
}

function parse(name: string, source: string): Template {
  if (source.length > MAXIMUM_TEMPLATE_LENGTH) {
    throw new FormatError(
      name,
      `has a chat template of ${source.length} characters; at most ${MAXIMUM_TEMPLATE_LENGTH}`,
    );
  }
  try {
    return new Template(source);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FormatError(name, `its chat template is not valid Jinja (${reason})`, { cause: error });
  }
}

/**
 * The chat template of a tokenizer's files (`chat_template` in its configuration: one, or a list of named ones), with
 * its special tokens as variables; undefined where it has none.
 */
export function chatTemplateOf(name: string, tokenizer: Tokenizer): ChatTemplate | undefined {
  const { config = {} } = tokenizer.files ?? {};
  const source = templateSource(config.chat_template);
  if (source === undefined) return undefined;
  const constants: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(config)) {
    if (!key.endsWith("_token")) continue;
    if (typeof value === "string") constants[key] = value;
    else if (typeof value === "object" && value !== null && "content" in value) constants[key] = value.content;
  }
  return new ChatTemplate(name, source, constants);
}

function templateSource(value: unknown): string | ReadonlyMap<string, string> | undefined {
  if (typeof value === "string") return value;
  if (!Array.isArray(value)) return undefined;
  const named = value.filter((entry) => typeof entry?.name === "string" && typeof entry?.template === "string") as {
    name: string;
    template: string;
  }[];
  return named.length === 0 ? undefined : new Map(named.map(({ name, template }) => [name, template]));
}
