/** The two ends of a model: token embedding and next-token head. */
import type { Architecture } from "../families/index.ts";
import {
  add,
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
  rows,
  softmax,
  subtract,
  sum,
  type Value,
  withGradient,
} from "../graph/index.ts";
import { normalized } from "./norm.ts";
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
  const normal = normalized(x, finalNorm, undefined, architecture.norm);
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

/** What a model's end learns from; a term of factor 0 is left out. */
export interface TokenTerms {
  /** Factor of the next token's cross-entropy. */
  readonly nextToken: number;
  /** Factor of the divergence of the chances from the teacher's (arXiv 1503.02531: times the temperature's square). */
  readonly logits: number;
  readonly temperature: number;
}

/** The next token alone. */
export const nextTokenOnly: TokenTerms = { nextToken: 1, logits: 0, temperature: 1 };

/** `x`, `targets` int64 `[count, 1]`, for `logits` also the teacher's → `loss` `[count, 1]`, in nats: the terms' weighted sum. */
export function scoreProgram(
  architecture: Architecture,
  count: number,
  terms: TokenTerms = nextTokenOnly,
): Program<"loss"> {
  const { x, finalNorm, head } = headInputs(architecture, count);
  const normal = normalized(x, finalNorm, undefined, architecture.norm);
  return program({ loss: tokenLosses(architecture, normal, head, terms) });
}

/** The weighted terms of each token, `[count, 1]`. */
function tokenLosses(
  architecture: Architecture,
  normal: Value,
  head: Value,
  { nextToken, logits, temperature }: TokenTerms,
  quantized?: QuantizedMatrix,
): Value {
  const [count = 0] = normal.shape;
  const losses: Value[] = [];
  if (nextToken > 0) {
    const targets = input("targets", [count, 1], "int64");
    losses.push(multiply(tokenLoss(normal, head, targets, quantized), nextToken));
  }
  if (logits > 0) {
    const teacher = teacherEnd(architecture, count);
    const divergence = chancesLoss({ normal, head }, teacher, temperature, quantized);
    losses.push(multiply(divergence, logits));
  }
  return losses.reduce(add);
}

/** A model's last normed states `[count, hidden]` and the head they are read by. */
interface ModelEnd {
  readonly normal: Value;
  readonly head: Value;
}

/** The teacher's end: its stream as `teacher.x`, its norm and head as `teacher.finalNorm` and `teacher.head`. */
function teacherEnd({ hiddenSize, vocabularySize, norm }: Architecture, count: number): ModelEnd {
  const x = input("teacher.x", [count, hiddenSize]);
  const normal = normalized(x, input("teacher.finalNorm", [hiddenSize]), undefined, norm);
  return { normal, head: input("teacher.head", [vocabularySize, hiddenSize]) };
}

/**
 * T² Σ p (log p − log q) of each token `[count, 1]`: the teacher's chances p and the student's q at temperature T. Its
 * gradient in the student's logits is T (q − p).
 */
function chancesLoss(
  { normal, head }: ModelEnd,
  teacher: ModelEnd,
  temperature: number,
  quantized: QuantizedMatrix | undefined,
): Value {
  const product = (end: ModelEnd) =>
    quantized === undefined
      ? matmul(end.normal, end.head, { transposeB: true })
      : quantizedMatmul(end.normal, quantized);
  const cooled = (logits: Value) => (temperature === 1 ? logits : multiply(logits, 1 / temperature));
  const [own, wanted] = [cooled(product({ normal, head })), cooled(product(teacher))];
  const [chances, wantedChances] = [softmax(own), softmax(wanted)];
  const total = (logits: Value, likely: Value) => subtract(max(logits, [-1]), log(max(likely, [-1])));
  const sums = subtract(total(own, chances), total(wanted, wantedChances));
  const divergence = add(sum(multiply(wantedChances, subtract(wanted, own)), [-1]), sums);
  const loss = multiply(divergence, temperature ** 2);
  return withGradient(loss, [normal, head], (upstream, g) => {
    const scaled = g.multiply(upstream, temperature);
    const away = g.multiply(g.subtract(chances, wantedChances), scaled);
    return [g.matmul(away, head), g.matmul(away, normal, { transposeA: true })];
  });
}

/** Which gradients a head program returns besides that of `x`. */
export interface HeadGradientOptions {
  /** Also return `finalNormGradient` and `headGradient`. */
  readonly weights?: boolean;
  /** How the logits are computed (default: float32); `int8` reads `head.integers` and `head.scales` too. */
  readonly products?: FrozenProducts;
  /** What is learned from (default: the next token alone). */
  readonly terms?: TokenTerms;
}

/**
 * `x`, `targets`, `weights` `[count, 1]` (what each token's loss counts for) → the weighted `loss` (one element) and
 * `xGradient`, with the head's own gradients if asked.
 */
export function headGradientProgram(
  architecture: Architecture,
  count: number,
  { weights = false, products = "float32", terms = nextTokenOnly }: HeadGradientOptions = {},
): Program {
  const { x, finalNorm, head } = headInputs(architecture, count);
  const normal = normalized(x, finalNorm, undefined, architecture.norm);
  const { hiddenSize, vocabularySize } = architecture;
  const quantized = products === "int8" ? quantizedInput("head", hiddenSize, vocabularySize) : undefined;
  const losses = tokenLosses(architecture, normal, head, terms, quantized);
  const loss = sum(multiply(losses, input("weights", [count, 1])));
  const [xGradient, finalNormGradient, headGradient] = gradient(loss, weights ? [x, finalNorm, head] : [x]);
  const outputs: Record<string, Value> = { loss: reshape(loss, []) };
  if (xGradient !== undefined) outputs.xGradient = xGradient;
  if (finalNormGradient !== undefined) outputs.finalNormGradient = finalNormGradient;
  if (headGradient !== undefined) outputs.headGradient = headGradient;
  return program(outputs);
}
