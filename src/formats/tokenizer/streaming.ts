/** Streaming decoders: text comes out as soon as it can no longer change. */
import type { StreamingDecoder } from "./tokenizer.ts";

/** For tokens that are runs of bytes: the platform's own decoder holds incomplete characters back. */
export function byteStream(bytesOf: (id: number) => Uint8Array, stripsFirstSpace: boolean): StreamingDecoder {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let strip = stripsFirstSpace;
  const emit = (text: string): string => {
    if (!strip || text === "") return text;
    strip = false;
    return text.startsWith(" ") ? text.slice(1) : text;
  };
  return {
    push: (id) => emit(decoder.decode(bytesOf(id), { stream: true })),
    end: () => emit(decoder.decode()),
  };
}

/** Beyond this many tokens without a complete character the bytes are no character at all. */
const LONGEST_WAIT = 8;

/**
 * For any other tokenizer: the text of the last tokens is decoded with and without the new one, and what it adds is
 * given out unless it ends in an incomplete character.
 */
export function windowStream(decode: (ids: number[]) => string): StreamingDecoder {
  let settled: number[] = [];
  let waiting: number[] = [];
  const advance = (final: boolean): string => {
    const before = settled.length === 0 ? "" : decode(settled);
    const after = decode([...settled, ...waiting]);
    if (!final && after.endsWith("\uFFFD") && waiting.length < LONGEST_WAIT) return "";
    settled = waiting;
    waiting = [];
    return after.slice(before.length);
  };
  return {
    push: (id) => {
      waiting.push(id);
      return advance(false);
    },
    end: () => (waiting.length === 0 ? "" : advance(true)),
  };
}
