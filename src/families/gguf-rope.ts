/** Rotary settings of GGUF files: some in metadata, some as tensors of factors that divide the frequencies. */
import type { TensorSource } from "../formats/tensor.ts";
import type { GgufMetadata } from "./gguf-metadata.ts";

/** The settings as Hugging Face spells them. Throws a FormatError for what has no such spelling. */
export function ropeFromGguf(source: TensorSource, metadata: GgufMetadata, headDim: number): Record<string, unknown> {
  const turned = metadata.takeNumber("rope.dimension_count") ?? headDim;
  const scaling = scalingOf(source, metadata);
  return { partial_rotary_factor: shareOf(turned, headDim), ...(scaling && { rope_scaling: scaling }) };
}

/** The share of a head that gives `turned` dimensions where it is multiplied and rounded down. */
function shareOf(turned: number, headDim: number): number {
  const share = turned / headDim;
  return Math.floor(headDim * share) === turned ? share : (turned + 0.5) / headDim;
}

function scalingOf(source: TensorSource, metadata: GgufMetadata): Record<string, unknown> | undefined {
  const older = metadata.takeNumber("rope.scale_linear");
  const factor = metadata.takeNumber("rope.scaling.factor") ?? older ?? 1;
  // llama.cpp's default; it divides nothing by a factor of zero.
  const type = metadata.takeOne("rope.scaling.type") ?? "linear";
  const original = metadata.takeNumber("rope.scaling.original_context_length");
  const attention = metadata.takeNumber("rope.scaling.attn_factor") ?? 1;
  const stretched = type !== "none" && factor !== 0 && factor !== 1;
  const lists = factorsOf(source);
  if (lists !== undefined) {
    if (stretched) throw metadata.refusal("rope.scaling.factor", factor, "but tensors have rotary factors as well");
    const settings = { rope_type: "longrope", ...lists, attention_factor: attention };
    return original === undefined ? settings : { ...settings, original_max_position_embeddings: original };
  }
  if (attention !== 1) throw metadata.refusal("rope.scaling.attn_factor", attention);
  if (type === "longrope")
    throw metadata.refusal("rope.scaling.type", type, "but the file has no tensors rope_factors_long and _short");
  if (type === "yarn") return yarnOf(metadata, factor, original);
  if (type !== "linear" && type !== "none") throw metadata.refusal("rope.scaling.type", type);
  return stretched ? { rope_type: "linear", factor } : undefined;
}

function yarnOf(metadata: GgufMetadata, factor: number, original: number | undefined): Record<string, unknown> {
  const settings = {
    original_max_position_embeddings: original,
    attention_factor: metadata.takeNumber("rope.scaling.yarn_attn_factor"),
    beta_fast: metadata.takeNumber("rope.scaling.yarn_beta_fast"),
    beta_slow: metadata.takeNumber("rope.scaling.yarn_beta_slow"),
  };
  const given = Object.entries(settings).filter(([, value]) => value !== undefined);
  return { rope_type: "yarn", factor, ...Object.fromEntries(given) };
}

/** One list of factors for all lengths (Llama 3.1's scaling arrives as such), or one for short sequences and one for long. */
function factorsOf(source: TensorSource): Record<string, number[]> | undefined {
  const read = (name: string) => (source.has(name) ? Array.from(source.readFloat32(name)) : undefined);
  const all = read("rope_freqs.weight");
  const [short, long] = [read("rope_factors_short.weight") ?? all, read("rope_factors_long.weight") ?? all];
  return short && long && { short_factor: short, long_factor: long };
}
