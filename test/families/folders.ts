/** The golden checkpoints, and where they lie. */
import { dataPath, dataTest, type GoldenFolder, goldens } from "../data.ts";

/** The golden checkpoints of decoders with softmax attention. */
export const softmaxFolders = [
  ...["llama", "llama-bf16", "llama-sharded", "llama-untied", "llama-linear-rope", "llama-yarn", "llama3-rope"],
  ...["mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3", "phi", "phi3", "phi3-longrope", "gpt2", "gpt_neox"],
  ...["gptj", "opt", "olmo2", "smollm3", "stablelm", "starcoder2", "granite", "falcon"],
] as const;

/** Those of decoders with recurrent layers. */
export const recurrentFolders = ["mamba", "mamba2", "jamba", "bamba", "falcon_h1", "qwen3_next", "rwkv"] as const;

/** Of those, the ones that have attention too. */
export const hybridFolders = ["jamba", "bamba", "falcon_h1", "qwen3_next"] as const;

/** One folder of each family of decoders with softmax attention. */
export const decoderFolders = softmaxFolders.filter((name) => !/^(llama|phi3)-|^llama3/.test(name));

/** One folder of each family. */
export const familyFolders = [...decoderFolders, ...recurrentFolders, "bert"] as const;

/** Checkpoints of further families, made on demand (CONTRIBUTING.md) in the folder that SUBQUAD_GOLDENS names. */
export const furtherFolders = [
  ...["mixtral", "qwen2_moe", "qwen3_moe", "olmo", "olmoe", "granitemoe", "bloom", "bloom-6heads", "mpt", "mpt-6heads"],
  ...["gpt_bigcode", "gpt_bigcode-heads", "codegen", "cohere", "cohere-norms", "cohere2", "glm", "glm4", "nemotron"],
  ...["arcee", "seed_oss", "exaone4", "helium", "ernie4_5", "falcon-groups", "falcon-alibi"],
] as const;

/** Those of encoders. */
export const furtherEncoders = ["roberta", "distilbert"] as const;

/** Where a golden checkpoint lies, and tests that need it. */
export function checkpoint(name: string): { readonly path: () => string; readonly test: GoldenFolder["test"] } {
  const further: readonly string[] = [...furtherFolders, ...furtherEncoders];
  return further.includes(name)
    ? { path: () => goldens.path(name), test: goldens.test }
    : { path: () => dataPath("families", name), test: dataTest };
}
