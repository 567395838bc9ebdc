/** A GGUF file's metadata as the configuration Hugging Face would have written. */
import type { TensorSource } from "../formats/tensor.ts";
import type { GgufSpelling } from "./family.ts";
import { GgufMetadata, type GgufSizes } from "./gguf-metadata.ts";
import { ropeFromGguf } from "./gguf-rope.ts";

/**
 * The configuration that the file's metadata and tensors tell. Throws a FormatError for metadata that asks for what the
 * family's mapping does not know.
 */
export function configFromGguf(source: TensorSource, spelling: GgufSpelling): Record<string, unknown> {
  const has = (name: string) => source.has(name);
  const metadata = new GgufMetadata(source, spelling.architecture);
  const keys = Object.values(spelling.config);
  const sizes = sizesOf(metadata, keys.includes("attention.key_length"));
  const config: Record<string, unknown> = {};
  for (const [key, suffix] of Object.entries(spelling.config)) {
    const value = meanings[suffix] ? meanings[suffix](metadata, sizes) : metadata.takeOne(suffix);
    if (value !== undefined) config[key] = value;
  }
  const { embedding, head } = spelling.tensors(has).model;
  if (embedding !== undefined && has(embedding)) config.vocab_size = source.info(embedding).shape[0];
  config.tie_word_embeddings = head === undefined || !has(head);
  if (keys.includes("rope.freq_base")) Object.assign(config, ropeFromGguf(source, metadata, sizes.headDim));
  Object.assign(config, spelling.implied?.(has, config));
  metadata.refuseRest(sizes);
  return config;
}

/** Sizes of heads, which have a width of their own where the family knows one. */
function sizesOf(metadata: GgufMetadata, own: boolean): GgufSizes {
  const heads = metadata.takeNumber("attention.head_count") ?? 1;
  const width = metadata.takeNumber("embedding_length") ?? 1;
  const headDim = own ? metadata.takeNumber("attention.key_length") : undefined;
  return { heads, headDim: headDim ?? width / heads, layers: metadata.takeNumber("block_count") ?? 0 };
}

/** Values that are not a key's own: llama.cpp's defaults, and what it understands by a value. */
const meanings: Readonly<Record<string, (metadata: GgufMetadata, sizes: GgufSizes) => unknown>> = {
  "attention.key_length": (_metadata, { headDim }) => headDim,
  "rope.freq_base": (metadata) => metadata.takeNumber("rope.freq_base") ?? 10_000,
  // A window of no tokens stands for none.
  "attention.sliding_window": (metadata) => metadata.takeNumber("attention.sliding_window") || undefined,
  "attention.sliding_window_pattern": (metadata, { layers }) => layerTypes(metadata, layers),
};

/** Which layers read a window: a truth value for each, or the period after which one reads everything. */
function layerTypes(metadata: GgufMetadata, layers: number): string[] | undefined {
  const pattern = metadata.take("attention.sliding_window_pattern");
  if (pattern === undefined) return undefined;
  const local = (layer: number) =>
    typeof pattern === "object" ? Number(pattern[layer]) === 1 : (layer + 1) % Number(pattern) !== 0;
  return Array.from({ length: layers }, (_unused, layer) => (local(layer) ? "sliding_attention" : "full_attention"));
}
