/** Programs of a model's two ends: token embedding and next-token head. */
import type { Architecture } from "../families/index.ts";
import {
  add,
  gradient,
  input,
  integers,
  log,
  matmul,
  max,
  multiply,
  type Program,
  pick,
  program,
  type QuantizedMatrix,
  reshape,
  rows,
  softmax,
  stopGradient,
  subtract,
  sum,
  type Value,
  withGradient,
} from "../graph/index.ts";
import {
  beginInputs,
  type EndValues,
  embedded,
  embedsPositions,
  endInputs,
  finalStates,
  logitsOf,
  plainHead,
} from "./ends.ts";
import { type FrozenProducts, quantizedInput, weightOf } from "./projection.ts";

/**
 * `ids` int64 `[batch, length]`, the beginning's weights by role, where positions are learned `seen` int64 `[batch]`, and
 * `segmentIds` int64 `[batch, length]` where asked → `x` `[batch, length, hidden]`.
 */
export function embedProgram(
  architecture: Architecture,
  batch: number,
  length: number,
  options: { readonly segments?: boolean } = {},
): Program<"x"> {
  return program({ x: embedding(architecture, batch, length, options.segments).x });
}

function embedding(
  architecture: Architecture,
  batch: number,
  length: number,
  segmented = false,
): { x: Value; values: EndValues } {
  const ids = input("ids", [batch, length], "int64");
  const own = reshape(integers(Array.from({ length }, (_unused, index) => index)), [1, length]);
  const positions = embedsPositions(architecture)
    ? add(reshape(input("seen", [batch], "int64"), [batch, 1]), own)
    : own;
  const values = beginInputs(architecture);
  const segments = segmented ? input("segmentIds", [batch, length], "int64") : undefined;
  return { x: embedded({ ids, positions, segments }, values, architecture), values };
}

/**
 * The gradients of what embeds: `xGradient` `[batch, length, hidden]`, the inputs of `embedProgram`, and for a tied head its
 * gradient as `head` → `gradient.ROLE`.
 */
export function embedGradientProgram(architecture: Architecture, batch: number, length: number): Program {
  const { hiddenSize, tiedHead } = architecture;
  const { x, values } = embedding(architecture, batch, length);
  const reached = sum(multiply(x, input("xGradient", [batch, length, hiddenSize])));
  const roles = Object.keys(values);
  const gradients = gradient(reached, Object.values(values));
  const named = roles.map((role, index): [string, Value] => {
    const own = gradients[index] as Value;
    return [`gradient.${role}`, role === "embedding" && tiedHead ? add(own, input("head", own.shape)) : own];
  });
  return program(Object.fromEntries(named));
}

/** A model's end: its last stream, normed, and the weights it is read by. */
interface ModelEnd {
  readonly x: Value;
  readonly states: Value;
  readonly values: EndValues;
}

/** The end by inputs `x` `[count, hidden]` and its weights by role, all behind `prefix`. */
function modelEnd(architecture: Architecture, count: number, prefix = ""): ModelEnd {
  const x = input(`${prefix}x`, [count, architecture.hiddenSize]);
  const values = endInputs(architecture, prefix);
  return { x, values, states: finalStates(x, values, architecture) };
}

/** `x` `[count, hidden]`, the end's weights by role → `logits` `[count, vocabulary]`. */
export function headProgram(architecture: Architecture, count: number): Program<"logits"> {
  const { states, values } = modelEnd(architecture, count);
  return program({ logits: logitsOf(states, values, architecture) });
}

/**
 * −log p of each target token, `[count, 1]`, from hidden states `[count, hidden]`. The gradient of the hidden states reads
 * the target's row of the head instead of forming one-hot rows as wide as the vocabulary. The logits may come from the head
 * in 8 bits; the gradient's product stays in float32, or small chances would be rounded to none.
 */
export function tokenLoss(
  states: Value,
  values: EndValues,
  targets: Value,
  architecture: Architecture,
  quantized?: QuantizedMatrix,
): Value {
  const logits = logitsOf(states, values, architecture, quantized);
  const chances = softmax(logits);
  // The largest chance is e to the largest logit less the logarithm of the sum: no pass of exponentials of its own.
  const total = subtract(max(logits, [-1]), log(max(chances, [-1])));
  const loss = subtract(total, pick(logits, targets));
  if (!plainHead(architecture)) return loss;
  const head = weightOf(values, "head");
  return withGradient(loss, [states, head], (upstream, g) => {
    const [count = 0] = targets.shape;
    const flat = reshape(targets, [count]);
    // Rows of the hidden size are scaled, not rows as wide as the vocabulary.
    const scaled = g.multiply(upstream, states);
    const forStates = g.multiply(upstream, g.subtract(matmul(chances, head), rows(head, flat)));
    const forHead = g.subtract(matmul(chances, scaled, { transposeA: true }), g.addRows(scaled, flat, head.shape));
    return [forStates, forHead];
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

/**
 * `x`, `targets` int64 `[count, 1]`, the end's weights by role and, for `logits`, the teacher's as `teacher.NAME` → `loss`
 * `[count, 1]`, in nats: the terms' weighted sum.
 */
export function scoreProgram(
  architecture: Architecture,
  count: number,
  terms: TokenTerms = nextTokenOnly,
): Program<"loss"> {
  return program({ loss: tokenLosses(architecture, modelEnd(architecture, count), terms) });
}

/** The weighted terms of each token, `[count, 1]`. */
function tokenLosses(
  architecture: Architecture,
  end: ModelEnd,
  { nextToken, logits, temperature }: TokenTerms,
  quantized?: QuantizedMatrix,
): Value {
  const [count = 0] = end.states.shape;
  const losses: Value[] = [];
  if (nextToken > 0) {
    const targets = input("targets", [count, 1], "int64");
    losses.push(multiply(tokenLoss(end.states, end.values, targets, architecture, quantized), nextToken));
  }
  if (logits > 0) {
    const teacher = modelEnd(architecture, count, "teacher.");
    losses.push(multiply(chancesLoss(architecture, end, teacher, temperature, quantized), logits));
  }
  return losses.reduce(add);
}

/**
 * T² Σ p (log p − log q) of each token `[count, 1]`: the teacher's chances p and the student's q at temperature T. Its
 * gradient in the student's logits is T (q − p).
 */
function chancesLoss(
  architecture: Architecture,
  end: ModelEnd,
  teacher: ModelEnd,
  temperature: number,
  quantized: QuantizedMatrix | undefined,
): Value {
  const cooled = ({ states, values }: ModelEnd) => {
    const logits = logitsOf(states, values, architecture, quantized);
    return temperature === 1 ? logits : multiply(logits, 1 / temperature);
  };
  const [own, wanted] = [cooled(end), stopGradient(cooled(teacher))];
  const [chances, wantedChances] = [softmax(own), softmax(wanted)];
  const total = (logits: Value, likely: Value) => subtract(max(logits, [-1]), log(max(likely, [-1])));
  const sums = subtract(total(own, chances), total(wanted, wantedChances));
  const divergence = add(sum(multiply(wantedChances, subtract(wanted, own)), [-1]), sums);
  const loss = multiply(divergence, temperature ** 2);
  if (!plainHead(architecture)) return loss;
  const { states, values } = end;
  const head = weightOf(values, "head");
  return withGradient(loss, [states, head], (upstream, g) => {
    const scaled = g.multiply(upstream, temperature);
    const away = g.multiply(g.subtract(chances, wantedChances), scaled);
    return [g.matmul(away, head), g.matmul(away, states, { transposeA: true })];
  });
}

/** Which gradients a head program returns besides that of `x`. */
export interface HeadGradientOptions {
  /** Also return `gradient.ROLE` of the end's weights. */
  readonly weights?: boolean;
  /** How the logits are computed (default: float32); `int8` reads `head.integers` and `head.scales` too. */
  readonly products?: FrozenProducts;
  /** What is learned from (default: the next token alone). */
  readonly terms?: TokenTerms;
}

/**
 * `x`, `targets`, `weights` `[count, 1]` (what each token's loss counts for), the end's weights by role → the weighted `loss`
 * (one element) and `xGradient`, with the end's own gradients if asked.
 */
export function headGradientProgram(
  architecture: Architecture,
  count: number,
  { weights = false, products = "float32", terms = nextTokenOnly }: HeadGradientOptions = {},
): Program {
  const end = modelEnd(architecture, count);
  const { hiddenSize, vocabularySize } = architecture;
  const quantized = products === "int8" ? quantizedInput("head", hiddenSize, vocabularySize) : undefined;
  const losses = tokenLosses(architecture, end, terms, quantized);
  const loss = sum(multiply(losses, input("weights", [count, 1])));
  const learned = weights ? Object.entries(end.values) : [];
  const [xGradient, ...own] = gradient(loss, [end.x, ...learned.map(([, value]) => value)]);
  const named = learned.map(([role], index) => [`gradient.${role}`, own[index] as Value] as const);
  return program({ loss: reshape(loss, []), xGradient: xGradient as Value, ...Object.fromEntries(named) });
}
