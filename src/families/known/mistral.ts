/** Mistral: Llama with a window on every layer (arXiv 2310.06825); later versions have none. */
import { z } from "zod";
import { attention } from "../attention.ts";
import { configSchema } from "../config.ts";
import type { Family } from "../family.ts";
import { llamaLike, llamaShape, llamaTensors } from "../llama-like.ts";

const shape = { ...llamaShape, sliding_window: z.number().int().positive().nullish() };

/** The family's description. GGUF files call it llama. */
const family: Family = {
  name: "mistral",
  modelTypes: ["mistral"],
  config: configSchema(shape, (c) => llamaLike("mistral", c, { mixer: attention({ window: c.sliding_window }) })),
  tensors: llamaTensors(),
};

export default family;
