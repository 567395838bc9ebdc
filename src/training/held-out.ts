/** Windows of held-out text by which stages are judged. */
import type { TokenStream } from "../formats/text/token-stream.ts";
import type { TokenWindow } from "./data-order.ts";

/** The first windows of a stream, in order, `[1, length]` each, at most `maxTokens` in all and at least one. */
export function heldOutWindows({ ids, mask }: TokenStream, length: number, maxTokens: number): TokenWindow[] {
  const available = Math.floor((ids.length - 1) / length);
  const count = Math.min(available, Math.max(1, Math.floor(maxTokens / length)));
  return Array.from({ length: count }, (_unused, index) => {
    const start = index * length;
    const marked = mask?.subarray(start + 1, start + length + 1);
    return {
      ids: ids.subarray(start, start + length),
      targets: ids.subarray(start + 1, start + length + 1),
      weights: marked === undefined ? new Float32Array(length).fill(1) : Float32Array.from(marked),
    };
  });
}
