/** A GGUF file's metadata as the configuration Hugging Face would have written. */
import type { MetadataValue, TensorSource } from "../formats/tensor.ts";
import type { GgufSpelling } from "./family.ts";

/** The configuration that the file's metadata, its vocabulary and the presence of a separate head imply. */
export function configFromGguf(source: TensorSource, spelling: GgufSpelling): Record<string, unknown> {
  const { metadata } = source;
  const config: Record<string, unknown> = {};
  for (const [key, suffix] of Object.entries(spelling.config)) {
    const value = metadata.get(`${spelling.architecture}.${suffix}`);
    if (value !== undefined) config[key] = value;
  }
  const embedding = spelling.tensors.model.embedding;
  if (embedding !== undefined && source.has(embedding)) config.vocab_size = source.info(embedding).shape[0];
  const head = spelling.tensors.model.head;
  config.tie_word_embeddings = head === undefined || !source.has(head);
  const bias = spelling.tensors.layer.queriesBias?.replace("{layer}", "0");
  if (spelling.biasKey !== undefined) config[spelling.biasKey] = bias !== undefined && source.has(bias);
  const scaling = ropeScaling(metadata, spelling.architecture);
  if (scaling !== undefined) config.rope_scaling = scaling;
  return config;
}

function ropeScaling(
  metadata: ReadonlyMap<string, MetadataValue>,
  architecture: string,
): Record<string, unknown> | undefined {
  const type = metadata.get(`${architecture}.rope.scaling.type`);
  if (type === undefined || type === "none") return undefined;
  return {
    rope_type: type,
    factor: metadata.get(`${architecture}.rope.scaling.factor`),
    original_max_position_embeddings: metadata.get(`${architecture}.rope.scaling.original_context_length`),
    attention_factor: metadata.get(`${architecture}.rope.scaling.attn_factor`),
  };
}
