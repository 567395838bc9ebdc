/** What a transformer family is: data that tells how its files spell an architecture and its weights. */
import type { z } from "zod";
import type { Architecture, ModelRole } from "./architecture.ts";
import type { LayerRole } from "./block.ts";

/** How one kind of file names a family's tensors; `{layer}` stands for the block's number. */
export interface TensorNames {
  readonly model: Readonly<Partial<Record<ModelRole, string>>>;
  readonly layer: Readonly<Partial<Record<LayerRole, string>>>;
  /** Tensors that repeat what the configuration says, and may be passed over. */
  readonly redundant: readonly RegExp[];
}

/** How GGUF files spell a family. */
export interface GgufSpelling {
  /** The value of `general.architecture`. */
  readonly architecture: string;
  /** Configuration keys as Hugging Face spells them, from GGUF's (without the architecture's prefix). */
  readonly config: Readonly<Record<string, string>>;
  /** The configuration key that says whether queries have a bias, which GGUF tells by the tensor alone. */
  readonly biasKey?: string;
  readonly tensors: TensorNames;
  /** Roles whose rows hold rotary pairs side by side instead of half a head apart. */
  readonly interleaved: readonly LayerRole[];
}

/** A transformer family. */
export interface Family {
  readonly name: string;
  /** Values of `model_type` that belong to it. */
  readonly modelTypes: readonly string[];
  /** Reads `config.json` (either spelling of the rotary settings) as an architecture. */
  readonly config: z.ZodType<Architecture>;
  readonly tensors: TensorNames;
  readonly gguf?: GgufSpelling;
}

/** A tensor name with its block's number filled in. */
export function layerTensorName(template: string, layer: number): string {
  return template.replace("{layer}", String(layer));
}
