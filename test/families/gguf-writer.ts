/** GGUF files of F32 tensors with a placeholder vocabulary, written from the format's description. */
import { buildGguf, type GgufValue, ggufStrings } from "../formats/build.ts";

/** A metadata value with its type. */
export type Typed =
  | { readonly u32: number }
  | { readonly f32: number }
  | { readonly text: string }
  | { readonly truth: boolean }
  | { readonly u32s: readonly number[] }
  | { readonly truths: readonly boolean[] };

/** A tensor, row-major, slowest size first. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A file's content. */
export interface GgufContent {
  readonly architecture: string;
  /** Keys below the architecture's name. */
  readonly metadata: Readonly<Record<string, Typed>>;
  readonly tensors: Readonly<Record<string, Tensor>>;
}

const [uint32, int32, float32, bool, string, array] = [4, 5, 6, 7, 8, 9];

const words = (values: readonly number[]) => new Uint8Array(Uint32Array.from(values).buffer);

function encoded(key: string, value: Typed): GgufValue {
  if ("u32" in value) return { key, type: uint32, value: words([value.u32]) };
  if ("f32" in value) return { key, type: float32, value: new Uint8Array(Float32Array.of(value.f32).buffer) };
  if ("text" in value) return { key, type: string, value: value.text };
  if ("truth" in value) return { key, type: bool, value: Uint8Array.of(Number(value.truth)) };
  if ("u32s" in value)
    return { key, type: array, element: uint32, length: value.u32s.length, value: words(value.u32s) };
  return { key, type: array, element: bool, length: value.truths.length, value: Uint8Array.from(value.truths, Number) };
}

/** The file's bytes, with a vocabulary of as many tokens as the embedding has rows. */
export function writeGguf({ architecture, metadata, tensors }: GgufContent): Buffer {
  const tokens = Array.from({ length: tensors["token_embd.weight"]?.shape[0] ?? 0 }, (_unused, id) => `t${id}`);
  const list = (key: string, values: readonly string[]): GgufValue => ({
    ...{ key, type: array, element: string, length: values.length, value: ggufStrings(values) },
  });
  const values = [
    encoded("general.architecture", { text: architecture }),
    encoded("general.file_type", { u32: 0 }),
    ...Object.entries(metadata).map(([key, value]) => encoded(`${architecture}.${key}`, value)),
    encoded("tokenizer.ggml.model", { text: "gpt2" }),
    encoded("tokenizer.ggml.pre", { text: "gpt-2" }),
    list("tokenizer.ggml.tokens", tokens),
    {
      ...{ key: "tokenizer.ggml.token_type", type: array, element: int32, length: tokens.length },
      value: words(tokens.map(() => 1)),
    },
    list("tokenizer.ggml.merges", []),
  ];
  const stored = Object.entries(tensors).map(([name, { shape, data }]) => {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return { name, sizes: shape.toReversed(), type: 0, data: bytes };
  });
  return buildGguf(values, stored).bytes;
}
