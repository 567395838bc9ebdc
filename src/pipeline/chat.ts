/** `chat`: a conversation by the model's chat template. The state is all that is kept of it: memory does not grow with turns. */
import { SubquadError } from "../errors.ts";
import { generate } from "../inference/generator.ts";
import { createSampler } from "../inference/sampler.ts";
import type { SequenceState } from "../inference/state.ts";
import { ChatTurns } from "./chat-turns.ts";
import type { ChatOptions, ChatSession, Verb } from "./contract.ts";
import { type OpenDecoder, openDecoder, warnBeyondContext } from "./decoding.ts";

/** Opens a conversation. Throws a SubquadError for a model without a chat template, or a state of another model. */
export const chat: Verb<ChatOptions, ChatSession> = async (options, context) => {
  const sampler = createSampler(options);
  const open = await openDecoder(options, context);
  const { opened, decoder, engine } = open;
  try {
    const template = opened.chatTemplate;
    if (template === undefined) {
      throw new SubquadError(`${opened.name}: has no chat template, so it cannot hold a conversation; use generate`);
    }
    const { system, loadState } = options;
    if (loadState !== undefined && system !== undefined) {
      context.reporter.warn("the system message is not used: the loaded conversation has begun already");
    }
    const turns = new ChatTurns(opened.name, template, system);
    let state: SequenceState = loadState === undefined ? decoder.start() : decoder.load(loadState);
    // Tokens that are part of the conversation but not of the state yet.
    let pending: number[] = [];
    let warned = false;

    async function* reply(message: string, signal: AbortSignal): AsyncGenerator<string> {
      const current = state;
      const begins = current.tokens + pending.length === 0;
      const ids = [...pending, ...opened.tokenizer.encode(begins ? turns.first(message) : turns.next(message))];
      if (!warned) warned = warnBeyondContext(open, current.tokens + ids.length + options.maxTokens, context);
      pending = ids;
      const taken = await takeIn(open, current, ids, signal);
      pending = ids.slice(taken);
      if (pending.length > 0) return;
      const text = opened.tokenizer.streamingDecoder({ skipSpecial: true });
      const stop = new Set(opened.endOfText);
      for await (const id of generate(decoder, current, { maxTokens: options.maxTokens, sampler, stop, signal })) {
        // The template closes the reply with a token of its own.
        if (stop.has(id)) {
          pending = [];
          break;
        }
        pending = [id];
        const piece = text.push(id);
        if (piece !== "") yield piece;
      }
      const rest = text.end();
      if (rest !== "") yield rest;
    }

    return {
      reply,
      reset: async () => {
        [state, pending] = [decoder.start(), []];
      },
      save: async (file) => {
        await decoder.prefill(state, pending);
        pending = [];
        await decoder.save(state, file);
      },
      status: () => ({ tokens: state.tokens + pending.length, stateBytes: state.bytes }),
      close: () => engine.release(),
    };
  } catch (error) {
    await engine.release();
    throw error;
  }
};

/** How many of the tokens were taken in before the signal was aborted. */
async function takeIn({ decoder }: OpenDecoder, state: SequenceState, ids: number[], signal: AbortSignal) {
  const before = state.tokens;
  try {
    await decoder.prefill(state, ids, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return state.tokens - before;
}
