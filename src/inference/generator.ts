/** Token after token: sampling, stopping, and a record of speed and memory. */
import { SubquadError } from "../errors.ts";
import type { Decoder } from "./decoder.ts";
import type { Sampler } from "./sampler.ts";
import type { SequenceState } from "./state.ts";

/** Memory and speed at a point of a generation. */
export interface GenerationSample {
  /** Tokens generated so far. */
  readonly tokens: number;
  /** What the process occupies (resident set), in bytes. */
  readonly memory_bytes: number;
  /** Speed since the sample before. */
  readonly tokens_per_second: number;
}

/** How a generation goes on and ends. */
export interface GenerateSettings {
  readonly maxTokens: number;
  readonly sampler: Sampler;
  /** Ids after which nothing follows. */
  readonly stop?: ReadonlySet<number>;
  /** Ends the generation after the token being computed. */
  readonly signal?: AbortSignal;
  /** Called about every 250 tokens, and once at the end of a shorter generation. */
  readonly onSample?: (sample: GenerationSample) => void;
}

/** Tokens between two samples of memory and speed. */
const sampleInterval = 250;

/**
 * New tokens after a state, the stopping one included. However it ends, the state has taken in all tokens but the last
 * that was yielded. Throws a SubquadError for a state without a token.
 */
export async function* generate(
  decoder: Decoder,
  state: SequenceState,
  { maxTokens, sampler, stop, signal, onSample }: GenerateSettings,
): AsyncGenerator<number, void, void> {
  if (state.tokens === 0) throw new SubquadError("there is nothing to go on from: the prompt has no tokens");
  const record = recorder(onSample);
  try {
    for (let count = 1; count <= maxTokens && !signal?.aborted; count++) {
      const id = sampler(state.logits.data);
      yield id;
      if (stop?.has(id) || count === maxTokens || signal?.aborted) return;
      await decoder.step(state, id);
      record.token();
    }
  } finally {
    record.end();
  }
}

function recorder(onSample: GenerateSettings["onSample"]): { token(): void; end(): void } {
  let [tokens, sampled, since] = [0, 0, performance.now()];
  const sample = () => {
    const now = performance.now();
    const seconds = (now - since) / 1000;
    onSample?.({
      tokens,
      memory_bytes: process.memoryUsage.rss(),
      tokens_per_second: seconds > 0 ? (tokens - sampled) / seconds : 0,
    });
    [sampled, since] = [tokens, now];
  };
  return {
    token: () => {
      tokens++;
      if (tokens - sampled === sampleInterval) sample();
    },
    // A rest too short to be measured well would only add noise.
    end: () => {
      if (tokens > sampled && (sampled === 0 || tokens - sampled > sampleInterval / 2)) sample();
    },
  };
}
