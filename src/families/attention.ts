/** Softmax attention as families have it, as mixers. */
import { type MixerSpec, parseMixer } from "../mixers/index.ts";

/** What families choose of their attention. */
export interface AttentionChoices {
  /** Only the newest so many tokens are read (default: all). */
  readonly window?: number | null | undefined;
  /** Whether queries and keys are rotated (default: they are). */
  readonly rotary?: boolean;
  /** Factor of the scores (default: dim^−½). */
  readonly scale?: number | undefined;
  /** Cap of the scores. */
  readonly cap?: number | null | undefined;
  /** Encoders read both ways. */
  readonly causal?: boolean;
  /** Distances lower the scores by published slopes of the heads, times this factor (ALiBi, arXiv 2108.12409). */
  readonly alibi?: number | undefined;
}

/** The mixer of a layer. */
export function attention(choices: AttentionChoices): MixerSpec {
  const { window, rotary = true, scale, cap, causal = true, alibi } = choices;
  const decay = alibi === undefined ? {} : { decay: { kind: "constant", slopes: "alibi", factor: alibi } };
  return parseMixer({
    ...(!causal && { causal }),
    ...(!rotary && { rope: "none" }),
    window: window ? { kind: "slide", size: window, ...decay } : { kind: "full", ...decay },
    ...(scale !== undefined && { scale }),
    ...(cap && { cap }),
  });
}
