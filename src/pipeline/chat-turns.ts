/** A conversation's text turn by turn: each turn is rendered alone, so that nothing said before needs to be kept. */
import { SubquadError } from "../errors.ts";
import type { ChatMessage, ChatTemplate } from "../formats/chat.ts";

/** Stands for the reply that was given; of a private use area, so that no template treats it specially. */
const reply = "\uE000reply\uE000";

/** Turns of one chat template. */
export class ChatTurns {
  readonly #name: string;
  readonly #template: ChatTemplate;
  readonly #system: readonly ChatMessage[];

  /** `name` is the model's, for messages. */
  constructor(name: string, template: ChatTemplate, system: string | undefined) {
    this.#name = name;
    this.#template = template;
    this.#system = system === undefined ? [] : [{ role: "system", content: system }];
  }

  /** The text up to the first reply: system message, the user's, the opening of the reply. */
  first(message: string): string {
    return this.#template.render([...this.#system, { role: "user", content: message }], { addGenerationPrompt: true });
  }

  /**
   * The text between two replies: what closes the one, the user's message, the opening of the other. Throws a SubquadError
   * where the template does not repeat a reply as it was given.
   */
  next(message: string): string {
    const messages = [
      { role: "user", content: "…" },
      { role: "assistant", content: reply },
      { role: "user", content: message },
    ];
    const text = this.#template.render(messages, { addGenerationPrompt: true });
    const place = text.indexOf(reply);
    if (place < 0)
      throw new SubquadError(`${this.#name}: its chat template leaves out earlier replies: it has no next turn`);
    return text.slice(place + reply.length);
  }
}
