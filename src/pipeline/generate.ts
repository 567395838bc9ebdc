/** `generate`: text after a prompt, from a state that may be loaded and saved. */
import { SubquadError } from "../errors.ts";
import type { Tokenizer } from "../formats/tokenizer/tokenizer.ts";
import { type GenerationSample, generate as generateTokens } from "../inference/generator.ts";
import { createSampler } from "../inference/sampler.ts";
import type { SequenceState } from "../inference/state.ts";
import { peakProcessMemory } from "../runtime/index.ts";
import type { Context, GenerateDocument, GenerateOptions, Verb } from "./contract.ts";
import { type OpenDecoder, openDecoder, promptIds, rate, warnBeyondContext } from "./decoding.ts";

/** Room made at once for tokens to come, where a model keeps every one; beyond it, buffers double. */
const roomAhead = 4096;

/**
 * Continues a prompt. Throws a SubquadError for a prompt without tokens, an id outside the vocabulary or a state of
 * another model; rejects with the signal's reason when it is aborted.
 */
export const generate: Verb<GenerateOptions, GenerateDocument> = async (options, context) => {
  const sampler = createSampler(options);
  const open = await openDecoder(options, context);
  try {
    const { opened, decoder } = open;
    const { maxTokens, loadState, saveState, ignoreEos } = options;
    const prompt = promptIds(opened, options, loadState === undefined);
    if (prompt.length === 0 && loadState === undefined) {
      throw new SubquadError("the prompt has no tokens: give a text, ids or a state to begin with");
    }
    const room = prompt.length + Math.min(maxTokens, roomAhead);
    const state = loadState === undefined ? decoder.start(room) : decoder.load(loadState);
    warnBeyondContext(open, state.tokens + prompt.length + maxTokens, context);
    const prefill = await readPrompt(open, state, prompt, context);

    const samples: GenerationSample[] = [];
    const ids: number[] = [];
    const text = textStream(opened.tokenizer, prompt, options.onText);
    const progress = options.onText ? undefined : context.reporter.stage("generate", { tokens: maxTokens });
    const began = performance.now();
    try {
      const tokens = generateTokens(decoder, state, {
        maxTokens,
        sampler,
        signal: context.signal,
        onSample: (sample) => void samples.push(sample),
        ...(!ignoreEos && { stop: new Set(opened.endOfText) }),
      });
      for await (const id of tokens) {
        ids.push(id);
        text.push(id);
        progress?.update({ done: ids.length });
      }
    } finally {
      progress?.end();
    }
    const decode = rate(ids.length - 1, performance.now() - began);
    context.signal.throwIfAborted();
    if (saveState !== undefined) {
      const last = ids.at(-1);
      if (last !== undefined) await decoder.step(state, last);
      await decoder.save(state, saveState);
    }
    return {
      text: text.end(),
      ids,
      prompt_tokens: prompt.length,
      tokens_per_second: { prefill, decode },
      state_bytes: state.bytes,
      peak_memory_bytes: peakProcessMemory(),
      samples,
    };
  } finally {
    await open.engine.release();
  }
};

/** Takes the prompt in; tokens per second, without the time that compiling takes. */
async function readPrompt(
  { decoder }: OpenDecoder,
  state: SequenceState,
  prompt: readonly number[],
  { reporter, signal }: Context,
): Promise<number | null> {
  await decoder.prepare(state, prompt.length);
  const progress = reporter.stage("prefill", { tokens: prompt.length });
  const began = performance.now();
  try {
    await decoder.prefill(state, prompt, { signal, onTokens: (done) => progress.update({ done }) });
  } finally {
    progress.end();
  }
  return rate(prompt.length, performance.now() - began);
}

/** Tokens of the prompt that may share a character, or a leading space, with what follows. */
const overlap = 8;

/** New text, piece by piece as soon as it is sure; special tokens are left out. */
function textStream(tokenizer: Tokenizer, prompt: readonly number[], onText: GenerateOptions["onText"]) {
  const decoder = tokenizer.streamingDecoder({ skipSpecial: true });
  for (const id of prompt.slice(-overlap)) decoder.push(id);
  let text = "";
  const emit = (piece: string) => {
    if (piece === "") return;
    text += piece;
    onText?.(piece);
  };
  return {
    push: (id: number) => emit(decoder.push(id)),
    end: () => {
      emit(decoder.end());
      return text;
    },
  };
}
