/** Architectures of blocks that are alike but for what is said of each. */
import { softmaxSpec } from "../mixers/index.ts";
import type { Architecture } from "./architecture.ts";
import type { Block, NormSpec } from "./block.ts";

/** What every architecture must be told. */
export interface Sizes extends Pick<Block, "hiddenSize" | "heads" | "groups" | "headDim"> {
  readonly family: string;
  readonly layers: number;
  readonly vocabularySize: number;
  readonly context: number;
  readonly norm: NormSpec;
}

/** What is said of a block. */
export type BlockChoices = Partial<Block>;

/** The usual choices: a norm before each sublayer, one after the other, all tokens read, no biases, a head of its own. */
export function decoder(
  { family, layers, vocabularySize, context, norm, ...sizes }: Sizes,
  block: BlockChoices | ((layer: number) => BlockChoices),
  ends: Partial<Architecture> & Pick<Architecture, "ropes">,
): Architecture {
  const choices = typeof block === "function" ? block : () => block;
  const blocks = Array.from({ length: layers }, (_unused, layer): Block => {
    return {
      ...sizes,
      mixer: softmaxSpec,
      rope: 0,
      norm,
      norms: ["before"],
      headNorms: "none",
      residual: "sequential",
      biases: { qkv: false, output: false, mlp: false },
      factors: {},
      ...choices(layer),
    };
  });
  return {
    family,
    hiddenSize: sizes.hiddenSize,
    vocabularySize,
    context,
    blocks,
    norm,
    tiedHead: false,
    embedding: { scale: 1 },
    head: { scale: 1, bias: false },
    ...ends,
  };
}

/** Biases on every projection. */
export const allBiases: Block["biases"] = { qkv: true, output: true, mlp: true };
