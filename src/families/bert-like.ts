/** What BERT and its kin share: blocks that read both ways, with norms behind their sublayers and biases everywhere (arXiv 1810.04805). */
import type { Architecture } from "./architecture.ts";
import { attention } from "./attention.ts";
import type { ActivationName } from "./block.ts";
import { headsOf } from "./config.ts";
import { allBiases, decoder } from "./decoder.ts";
import { stillRope } from "./rope/rope.ts";

/** What is said of an encoder. */
export interface BertChoices {
  readonly family: string;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly vocabularySize: number;
  readonly mlp: { readonly size: number; readonly activation: ActivationName };
  readonly epsilon: number;
  /** Rows of the table of positions, and the row of a sequence's first token. */
  readonly positions: { readonly count: number; readonly offset: number };
  /** Where a row is added for each token's segment: the number of segments. */
  readonly segments?: number;
  readonly tiedHead: boolean;
  /** Between the head's dense layer and its norm. */
  readonly headActivation: ActivationName;
}

/** An encoder's architecture. Throws a ConfigProblem for one that cannot be. */
export function bertLike({ mlp, epsilon, positions, segments, ...c }: BertChoices): Architecture {
  const heads = headsOf(c.hiddenSize, c.heads, undefined, undefined);
  const norm = { kind: "layer", epsilon, offset: 0, bias: true } as const;
  const { norm: _none, ...architecture } = decoder(
    {
      ...{ family: c.family, ...heads, hiddenSize: c.hiddenSize, layers: c.layers, vocabularySize: c.vocabularySize },
      ...{ context: positions.count - positions.offset, norm },
    },
    {
      mlp: { ...mlp, gated: false },
      mixer: attention({ causal: false, rotary: false }),
      norms: ["stream"],
      biases: allBiases,
    },
    {
      ropes: [stillRope(heads.headDim)],
      tiedHead: c.tiedHead,
      embedding: { scale: 1, positions, ...(segments !== undefined && { segments }), norm },
      head: { scale: 1, bias: true, transform: { activation: c.headActivation, norm } },
    },
  );
  return architecture;
}

/** Norms as files of the first years call them. */
export const olderNorms = { "LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta" } as const;

/** Modules of a block, as BERT's checkpoints call them. */
export const bertModules = {
  ...{ queries: "attention.self.query", keys: "attention.self.key", values: "attention.self.value" },
  ...{ output: "attention.output.dense", attentionStreamNorm: "attention.output.LayerNorm" },
  ...{ up: "intermediate.dense", down: "output.dense", mlpStreamNorm: "output.LayerNorm" },
} as const;
