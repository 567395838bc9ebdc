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
