/** Gemma: Llama with norms that add one, a scaled embedding and a tanh GELU (arXiv 2403.08295). */
import { z } from "zod";
import { activation, configSchema } from "../config.ts";
import type { Family } from "../family.ts";
import { gemmaLike, gemmaShape } from "../gemma-like.ts";
import { ggufConfig, ggufTensors } from "../gguf.ts";
import { llamaTensors } from "../llama-like.ts";

const shape = {
  ...gemmaShape,
  // Published configurations say gelu here and were trained with its tanh form, which hidden_activation can name.
  hidden_act: activation.transform((name) => (name === "gelu" ? "geluTanh" : name)).default("geluTanh"),
  hidden_activation: activation.nullish(),
  attention_bias: z.literal(false).optional(),
};

/** The family's description. */
const family: Family = {
  name: "gemma",
  modelTypes: ["gemma"],
  config: configSchema(shape, (c) => gemmaLike("gemma", { ...c, hidden_act: c.hidden_activation ?? c.hidden_act })),
  tensors: llamaTensors(),
  gguf: { architecture: "gemma", config: ggufConfig, tensors: ggufTensors({}, { wholeNorms: true }) },
};

export default family;
