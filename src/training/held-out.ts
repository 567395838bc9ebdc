/** Windows of held-out text by which stages are judged. */
import type { TokenStream } from "../formats/text/token-stream.ts";
import type { TokenWindow } from "./data-order.ts";

/** The first windows of a stream, in order, as micro-batches `[batch, length]`: at most `maxTokens` in all, at least one window. */
export function heldOutWindows(stream: TokenStream, length: number, maxTokens: number, batch = 1): TokenWindow[] {
  const available = Math.floor((stream.ids.length - 1) / length);
  const rows = Math.min(available, Math.max(1, Math.floor(maxTokens / length)));
  const most = Math.min(batch, rows);
  // Whole micro-batches only: each size of batch is a program of its own.
  const count = most === 0 ? 0 : Math.floor(rows / most);
  return Array.from({ length: count }, (_unused, index) => windowOf(stream, index * most * length, most * length));
}

function windowOf({ ids, mask }: TokenStream, start: number, count: number): TokenWindow {
  const marked = mask?.subarray(start + 1, start + count + 1);
  return {
    ids: ids.subarray(start, start + count),
    targets: ids.subarray(start + 1, start + count + 1),
    weights: marked === undefined ? new Float32Array(count).fill(1) : Float32Array.from(marked),
  };
}
