/** The two ends of a model: token embedding and next-token head. */
import type { Architecture } from "../families/index.ts";
import {
  gradient,
  input,
  log,
  matmul,
  max,
  multiply,
  type Program,
  pick,
  program,
  type QuantizedMatrix,
  quantizedMatmul,
  reshape,
  rmsNorm,
  rows,
  softmax,
  subtract,
  sum,
  type Value,
  withGradient,
} from "../graph/index.ts";
import { type FrozenProducts, quantizedInput } from "./projection.ts";

/** `ids` int64 `[batch, length]` → `x` `[batch, length, hidden]`. */
export function embedProgram(
  { vocabularySize, hiddenSize }: Architecture,
  batch: number,
  length: number,
): Program<"x"> {
  const table = input("embedding", [vocabularySize, hiddenSize]);
  return program({ x: rows(table, input("ids", [batch, length], "int64")) });
}

interface HeadInputs {
  readonly x: Value;
  readonly finalNorm: Value;
  readonly head: Value;
}

function headInputs({ hiddenSize, vocabularySize }: Architecture, count: number): HeadInputs {
  return {
    x: input("x", [count, hiddenSize]),
    finalNorm: input("finalNorm", [hiddenSize]),
    head: input("head", [vocabularySize, hiddenSize]),
  };
}

/** `x` `[count, hidden]` → `logits` `[count, vocabulary]`. */
export function headProgram(architecture: Architecture, count: number): Program<"logits"> {
  const { x, finalNorm, head } = headInputs(architecture, count);
  const normal = rmsNorm(x, finalNorm, architecture.normEpsilon);
  return program({ logits: matmul(normal, head, { transposeB: true }) });
}

/**
 * −log p of each target token, `[count, 1]`, from hidden states `[count, hidden]`. The gradient of the hidden states reads
 * the target's row of the head instead of forming one-hot rows as wide as the vocabulary. The logits may come from the head
 * in 8 bits; the gradient's product stays in float32, or small chances would be rounded to none.
 */
export function tokenLoss(normal: Value, head: Value, targets: Value, quantized?: QuantizedMatrix): Value {
  const logits =
    quantized === undefined ? matmul(normal, head, { transposeB: true }) : quantizedMatmul(normal, quantized);
  const chances = softmax(logits);
  // The largest chance is e to the largest logit less the logarithm of the sum: no pass of exponentials of its own.
  const total = subtract(max(logits, [-1]), log(max(chances, [-1])));
  const loss = subtract(total, pick(logits, targets));
  return withGradient(loss, [normal, head], (upstream, g) => {
    const [count = 0] = targets.shape;
    const flat = reshape(targets, [count]);
    // Rows of the hidden size are scaled, not rows as wide as the vocabulary.
    const scaled = g.multiply(upstream, normal);
    const forNormal = g.multiply(upstream, g.subtract(matmul(chances, head), rows(head, flat)));
    const forHead = g.subtract(matmul(chances, scaled, { transposeA: true }), g.addRows(scaled, flat, head.shape));
    return [forNormal, forHead];
  });
}

/** `x`, `targets` int64 `[count, 1]` → `loss` `[count, 1]`, in nats. */
export function scoreProgram(architecture: Architecture, count: number): Program<"loss"> {
  const { x, finalNorm, head } = headInputs(architecture, count);
  const normal = rmsNorm(x, finalNorm, architecture.normEpsilon);
  return program({ loss: tokenLoss(normal, head, input("targets", [count, 1], "int64")) });
}

/** Which gradients a head program returns besides that of `x`. */
export interface HeadGradientOptions {
  /** Also return `finalNormGradient` and `headGradient`. */
  readonly weights?: boolean;
  /** How the logits are computed (default: float32); `int8` reads `head.integers` and `head.scales` too. */
  readonly products?: FrozenProducts;
}

/**
 * `x`, `targets`, `weights` `[count, 1]` (what each token's loss counts for) → the weighted `loss` (one element) and
 * `xGradient`, with the head's own gradients if asked.
 */
export function headGradientProgram(
  architecture: Architecture,
  count: number,
  { weights = false, products = "float32" }: HeadGradientOptions = {},
): Program {
  const { x, finalNorm, head } = headInputs(architecture, count);
  const normal = rmsNorm(x, finalNorm, architecture.normEpsilon);
  const { hiddenSize, vocabularySize } = architecture;
  const quantized = products === "int8" ? quantizedInput("head", hiddenSize, vocabularySize) : undefined;
  const losses = tokenLoss(normal, head, input("targets", [count, 1], "int64"), quantized);
  const loss = sum(multiply(losses, input("weights", [count, 1])));
  const [xGradient, finalNormGradient, headGradient] = gradient(loss, weights ? [x, finalNorm, head] : [x]);
  const outputs: Record<string, Value> = { loss: reshape(loss, []) };
  if (xGradient !== undefined) outputs.xGradient = xGradient;
  if (finalNormGradient !== undefined) outputs.finalNormGradient = finalNormGradient;
  if (headGradient !== undefined) outputs.headGradient = headGradient;
  return program(outputs);
}
