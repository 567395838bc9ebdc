/** Perplexity by window length, under the protocol of docs/evaluation.md. */
import type { ForwardPass } from "../inference/forward.ts";

/** How a text is cut and scored. */
export interface PerplexityOptions {
  /** Tokens per window. */
  readonly length: number;
  /** Tokens of the text that are used. */
  readonly maxTokens: number;
  readonly signal?: AbortSignal;
  /** Called after each window with the tokens done so far. */
  readonly progress?: (tokens: number) => void;
}

/** Perplexity at one length. */
export interface Perplexity {
  readonly length: number;
  /** Tokens that were scored. */
  readonly tokens: number;
  /** exp of the mean over windows of each window's mean loss. */
  readonly perplexity: number;
  /** Mean loss of each window, in nats per token. */
  readonly windows: readonly number[];
  /** Mean loss at each place over the windows, in nats: element i belongs to token i + 1 of a window, counted from 0. */
  readonly places: Float64Array;
}

/**
 * The first `maxTokens` ids are cut into windows of `length` that do not overlap; each scores its tokens 2 to length; a
 * partial last window is dropped. Throws a RangeError for a text shorter than one window.
 */
export async function perplexity(
  forward: ForwardPass,
  ids: ArrayLike<number>,
  { length, maxTokens, signal, progress }: PerplexityOptions,
): Promise<Perplexity> {
  const count = Math.floor(Math.min(ids.length, maxTokens) / length);
  if (count === 0 || length < 2) throw new RangeError(`${ids.length} tokens do not fill one window of ${length}`);
  const windows: number[] = [];
  const places = new Float64Array(length - 1);
  for (let window = 0; window < count; window++) {
    signal?.throwIfAborted();
    const slice = Array.from({ length }, (_unused, index) => ids[window * length + index] ?? 0);
    const losses = await forward.losses(slice);
    windows.push(losses.reduce((sum, loss) => sum + loss, 0) / losses.length);
    for (const [place, loss] of losses.entries()) places[place] = (places[place] ?? 0) + loss / count;
    progress?.((window + 1) * length);
  }
  const mean = windows.reduce((sum, loss) => sum + loss, 0) / count;
  return { length, tokens: count * (length - 1), perplexity: Math.exp(mean), windows, places };
}
