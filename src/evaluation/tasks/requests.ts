/** Answers as tokens, by the reference harness's conventions. */
import { SubquadError } from "../../errors.ts";
import type { Tokenizer } from "../../formats/tokenizer/tokenizer.ts";
import type { Question } from "./task.ts";
import { withoutEnd } from "./white-space.ts";

/** The tokens of one answer. */
export interface Request {
  /** What the model reads: context and continuation without the last token. */
  readonly ids: readonly number[];
  /** The continuation's tokens: the last ones read, one place on. */
  readonly targets: readonly number[];
  /** Tokens of the context that were cut off, for the sequence was longer than the model's context. */
  readonly cut: number;
}

/** Encodes the answers of questions; contexts that repeat are encoded once. */
export class RequestEncoder {
  readonly #tokenizer: Pick<Tokenizer, "encode">;
  readonly #context: number;
  #latest: { readonly text: string; readonly ids: readonly number[] } = { text: "", ids: [] };

  /** `context` is the most tokens the model reads at once. */
  constructor(tokenizer: Pick<Tokenizer, "encode">, context: number) {
    this.#tokenizer = tokenizer;
    this.#context = context;
  }

  /** One request for each answer. Throws a SubquadError for an answer without tokens, or longer than the model's context. */
  encode({ source, answers }: Question): Request[] {
    return answers.map(({ context, continuation }, index) => this.#request(context, continuation, source, index));
  }

  /**
   * Context and continuation are encoded together, and the continuation is what follows the tokens of the context alone;
   * white space at the context's end belongs to the continuation. Too long a sequence loses its beginning.
   */
  #request(context: string, continuation: string, source: string, index: number): Request {
    const before = withoutEnd(context);
    const contextIds = this.#encodeContext(before);
    const targets = this.#tokenizer.encode(context + continuation).slice(contextIds.length);
    const where = `${source}: answer ${index + 1}`;
    if (targets.length === 0) throw new SubquadError(`${where} adds no token to its context with this tokenizer`);
    if (contextIds.length === 0) throw new SubquadError(`${where} has a context without tokens; nothing precedes it`);
    if (targets.length > this.#context) {
      throw new SubquadError(`${where} has ${targets.length} tokens; the model reads ${this.#context} at once`);
    }
    const cut = Math.max(0, contextIds.length + targets.length - this.#context - 1);
    // Answers of one token read the context alone, which they share.
    const ids = targets.length === 1 ? contextIds : [...contextIds, ...targets.slice(0, -1)];
    return { ids: cut === 0 ? ids : ids.slice(cut), targets, cut };
  }

  #encodeContext(text: string): readonly number[] {
    if (this.#latest.text !== text) this.#latest = { text, ids: this.#tokenizer.encode(text) };
    return this.#latest.ids;
  }
}
