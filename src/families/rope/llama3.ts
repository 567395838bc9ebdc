/** Llama 3.1's scaling: long wavelengths are stretched, short ones kept, those between blended. */
import { z } from "zod";
import { geometricFrequencies } from "./plain.ts";
import type { RopeScaling } from "./scaling.ts";

const settings = z.object({
  factor: z.number().positive(),
  low_freq_factor: z.number().positive(),
  high_freq_factor: z.number().positive(),
  original_max_position_embeddings: z.number().int().positive(),
});

/** `rope_type: llama3`. */
export const llama3Rope: RopeScaling<z.infer<typeof settings>> = {
  type: "llama3",
  settings,
  frequencies: (
    base,
    { factor, low_freq_factor: low, high_freq_factor: high, original_max_position_embeddings: original },
  ) => {
    const inverse = geometricFrequencies(base).map((frequency) => {
      const turns = (original * frequency) / (2 * Math.PI);
      if (turns < low) return frequency / factor;
      if (turns > high) return frequency;
      const kept = (turns - low) / (high - low);
      return (1 - kept) * (frequency / factor) + kept * frequency;
    });
    return { inverse, factor: 1 };
  },
};
