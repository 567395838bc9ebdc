/** Attention transfer: a student layer learns the outputs of the teacher's attention from the same queries, keys and values. */
import { type Architecture, layerShapes } from "../families/index.ts";
import {
  add,
  broadcastTo,
  cast,
  gradient,
  input,
  log,
  mask,
  maximum,
  mean,
  multiply,
  negate,
  type Program,
  program,
  reshape,
  scalar,
  stopGradient,
  subtract,
  sum,
  type Value,
} from "../graph/index.ts";
import {
  chunked,
  MixerError,
  type MixerInputs,
  type MixerSizes,
  type MixerSpec,
  mixerParameters,
  mixerStreams,
  parallel,
  softmaxSpec,
} from "../mixers/index.ts";
import { attentionInputs, blockOutput } from "./block.ts";
import { blockInputs, softmaxMixer } from "./mixer-block.ts";
import { type FrozenProducts, frozenProjection, weightInputs } from "./projection.ts";

/** How a teacher's block is run. */
export interface TeacherOptions {
  readonly products?: FrozenProducts;
  /** `attention` leaves out the stream after the block. */
  readonly part?: "block" | "attention";
}

/**
 * `x`, `cos`, `sin` and one layer's weights → `y`, the teacher's stream after the block (so that every layer learns from
 * the teacher's own states), and what its attention read and returned: `read.queries` and `attended`
 * `[batch, heads, length, dim]`, `read.keys` and `read.values` `[batch, groups, length, dim]`.
 */
export function teacherBlockProgram(
  architecture: Architecture,
  batch: number,
  length: number,
  { products = "float32", part = "block" }: TeacherOptions = {},
): Program {
  const { x, angles } = blockInputs(architecture, batch, length);
  const weights = weightInputs(layerShapes(architecture));
  const project = frozenProjection(architecture, weights, products);
  const pieces = attentionInputs(x, weights, project, angles, architecture);
  const attended = softmaxMixer(pieces, architecture);
  const read = { "read.queries": pieces.queries, "read.keys": pieces.keys, "read.values": pieces.values, attended };
  if (part === "attention") return program(read);
  return program({ y: blockOutput(x, attended, weights, project, architecture), ...read });
}

/** What a transfer program learns. */
export interface TransferPlan {
  readonly mixer: MixerSpec;
  /** Factor of the mean squared error in the gradients (published: 1000, over the number of layers). */
  readonly scale: number;
  /** Factor of the cross-entropy between attention weights, relative to `scale`'s; 0 leaves out its length × length memory. */
  readonly weightsScale: number;
  /** Names of the mixer's parameters whose gradients are returned. */
  readonly trained: readonly string[];
  /** Add the gradients to inputs `sum.NAME`. */
  readonly accumulate: boolean;
}

/**
 * `queries`, `keys`, `values`, `attended` and the mixer's parameters as `mixer.NAME` → `error`, the mean squared error of
 * the per-head outputs (LoLCATs, arXiv 2410.10254, equation 8), and `gradient.NAME`, scaled. Sizes may be those of one
 * sequence and one group of heads: they learn apart, and what one group touches stays in the processor's cache.
 */
export function transferProgram(
  sizes: MixerSizes,
  { mixer, scale, weightsScale, trained, accumulate }: TransferPlan,
): Program {
  const { batch, heads, groups, length, dim } = sizes;
  requireTransferable(mixer, sizes);
  const shared = [batch, groups, length, dim];
  const pieces = {
    queries: input("queries", [batch, heads, length, dim]),
    keys: input("keys", shared),
    values: input("values", shared),
  };
  const parameters = Object.fromEntries(
    Object.entries(mixerParameters(mixer, sizes)).map(([name, { shape }]) => [name, input(`mixer.${name}`, shape)]),
  );
  const difference = subtract(
    chunked(mixer, { ...pieces, parameters }).output,
    input("attended", [batch, heads, length, dim]),
  );
  // In two steps: one float32 sum over all elements would lose digits.
  const error = reshape(mean(mean(multiply(difference, difference), [-1])), []);
  const outputs: Record<string, Value> = { error };
  const variables = trained.flatMap((name) => parameters[name] ?? []);
  const crossEntropy =
    weightsScale === 0 ? scalar(0) : multiply(weightsLoss(mixer, { ...pieces, parameters }, sizes), weightsScale);
  gradient(add(multiply(error, scale), crossEntropy), variables).forEach((value, index) => {
    const name = trained[index] ?? "";
    outputs[`gradient.${name}`] = accumulate ? add(input(`sum.${name}`, value.shape), value) : value;
  });
  return program(outputs);
}

/** Throws a MixerError for a mixer that reads more than the teacher's rotated queries, its keys and its values. */
function requireTransferable(mixer: MixerSpec, sizes: MixerSizes): void {
  const streams = Object.keys(mixerStreams(mixer, { ...sizes, hidden: sizes.hidden ?? 1 }));
  const more = streams.length > 0 ? `reads the stream "${streams.join('", "')}"` : `has rope "${mixer.rope}"`;
  if (streams.length === 0 && mixer.rope === "before") return;
  throw new MixerError(
    `attention transfer gives a mixer rotated queries, keys and values, and this one ${more}: leave the transfer stage out`,
  );
}

/** Rows of attention weights are what a mixer makes of the identity as its values. */
function weightsLoss(mixer: MixerSpec, inputs: MixerInputs, { batch, groups, length }: MixerSizes): Value {
  const diagonal = cast(
    mask([1, 1, length, length], (_batch, _group, query, key) => query === key),
    "float32",
  );
  const values = broadcastTo(diagonal, [batch, groups, length, length]);
  const student = chunked(mixer, { ...inputs, values }).output;
  const teacher = parallel(softmaxSpec, { ...inputs, parameters: {}, values }).output;
  const entropy = sum(multiply(stopGradient(teacher), log(maximum(student, 1e-12))), [-1]);
  return negate(reshape(mean(entropy), []));
}
