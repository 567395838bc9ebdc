/** The two ways ONNX Runtime computes causal attention without holding a length × length matrix. */
import type { Emitter } from "../onnx/emitter.ts";
import { dimension } from "../type.ts";
import { inputOf, type Node, type Value } from "../value.ts";

/** Attributes of `causalAttention`. */
export interface CausalAttentionAttributes {
  /** Factor of the scores, usually dim^−½. */
  readonly scale: number;
  /** Newest keys a query sees, itself included; 0 means all. */
  readonly window: number;
}

/** Sizes of an attention's operands. */
export interface AttentionSizes {
  readonly batch: number;
  readonly heads: number;
  readonly groups: number;
  readonly length: number;
  readonly dim: number;
}

/** The sizes of queries `[batch, heads, length, dim]` and keys `[batch, groups, length, dim]`. */
export function sizesOf(queries: Value, keys: Value): AttentionSizes {
  return {
    batch: dimension(queries.shape, 0),
    heads: dimension(queries.shape, 1),
    groups: dimension(keys.shape, 1),
    length: dimension(queries.shape, 2),
    dim: dimension(queries.shape, 3),
  };
}

/** The longest sequence for which blocks of queries beat the fused operator (measured on two cores). */
export const longestBlocked = 1536;

/** Queries per block. */
const blockSize = 128;

/** Blocks of queries against all keys they see, heads of a group together: plain products and softmax. */
export function emitBlocked(emitter: Emitter, node: Node, { scale, window }: CausalAttentionAttributes): void {
  const { batch, heads, groups, length, dim } = sizesOf(inputOf(node, 0), inputOf(node, 1));
  const [queries = "", keys = "", values = ""] = emitter.inputs(node);
  const grouped = shaped(emitter, queries, [batch, groups, heads / groups, length, dim]);
  const [sharedKeys, sharedValues] = [keys, values].map((name) =>
    shaped(emitter, name, [batch, groups, 1, length, dim]),
  );
  const blocks: string[] = [];
  for (let start = 0; start < length; start += blockSize) {
    const end = Math.min(start + blockSize, length);
    const first = window === 0 ? 0 : Math.max(0, start - window + 1);
    const part = (name: string | undefined, from: number) => sliced(emitter, name ?? "", 3, from, end, length);
    const [scores, masked, weights, output] = [0, 1, 2, 3].map(() => emitter.temporary()) as [
      string,
      string,
      string,
      string,
    ];
    const operands = [part(grouped, start), part(sharedKeys, first)];
    emitter.node("FusedMatMul", operands, [scores], { transB: 1, alpha: { float: scale } }, "com.microsoft");
    const bias = emitter.floats(maskOf(start, end, first, window), [end - start, end - first]);
    emitter.node("Add", [scores, bias], [masked]);
    emitter.node("Softmax", [masked], [weights], { axis: -1 });
    emitter.node("MatMul", [weights, part(sharedValues, first)], [output]);
    blocks.push(output);
  }
  const [joined] = blocks.length === 1 ? blocks : [emitter.temporary()];
  if (blocks.length > 1) emitter.node("Concat", blocks, [joined ?? ""], { axis: 3 });
  emitter.node("Reshape", [joined ?? "", emitter.integers([batch, heads, length, dim])], emitter.outputs(node));
}

/** 0 for keys a query sees, −1e9 for others; rows are queries `start` to `end`, columns keys `first` to `end`. */
function maskOf(start: number, end: number, first: number, window: number): Float32Array {
  const columns = end - first;
  const mask = new Float32Array((end - start) * columns);
  for (let query = start; query < end; query++) {
    for (let key = first; key < end; key++) {
      const seen = key <= query && (window === 0 || query - key < window);
      if (!seen) mask[(query - start) * columns + key - first] = -1e9;
    }
  }
  return mask;
}

function shaped(emitter: Emitter, name: string, shape: readonly number[]): string {
  const result = emitter.temporary();
  emitter.node("Reshape", [name, emitter.integers(shape)], [result]);
  return result;
}

function sliced(emitter: Emitter, name: string, axis: number, start: number, end: number, size: number): string {
  if (start === 0 && end === size) return name;
  const result = emitter.temporary();
  const bounds = [[start], [end], [axis]].map((values) => emitter.integers(values));
  emitter.node("Slice", [name, ...bounds], [result]);
  return result;
}

/** ONNX Runtime's flash attention: the faster way for long sequences. */
export function emitGrouped(emitter: Emitter, node: Node, { scale, window }: CausalAttentionAttributes): void {
  const [queries = "", keys = "", values = ""] = emitter.inputs(node);
  const { batch, heads, groups, length, dim } = sizesOf(inputOf(node, 0), inputOf(node, 1));
  const packed = (name: string, count: number) => {
    const turned = emitter.temporary();
    emitter.node("Transpose", [name], [turned], { perm: [0, 2, 1, 3] });
    return shaped(emitter, turned, [batch, length, count * dim]);
  };
  const int32 = (values: readonly number[], shape: readonly number[]) => {
    const cast = emitter.temporary();
    emitter.node("Cast", [emitter.integers(values)], [cast], { to: 6 });
    return shaped(emitter, cast, shape);
  };
  const flat = emitter.temporary();
  const lengths = int32(new Array<number>(batch).fill(length - 1), [batch]);
  emitter.node(
    "GroupQueryAttention",
    [packed(queries, heads), packed(keys, groups), packed(values, groups), "", "", lengths, int32([length], [])],
    [flat, emitter.temporary(), emitter.temporary()],
    {
      num_heads: heads,
      kv_num_heads: groups,
      scale: { float: scale },
      local_window_size: window === 0 ? -1 : window,
    },
    "com.microsoft",
  );
  const split = shaped(emitter, flat, [batch, length, heads, dim]);
  emitter.node("Transpose", [split], emitter.outputs(node), { perm: [0, 2, 1, 3] });
}
