/** Attention transfer: a student layer learns the outputs of the teacher's attention from the same queries, keys and values. */
import {
  add,
  broadcastTo,
  cast,
  gradient,
  input,
  integers,
  log,
  mask,
  maximum,
  mean,
  multiply,
  negate,
  type Program,
  program,
  reshape,
  rotary,
  type Shape,
  stopGradient,
  subtract,
  sum,
  type Value,
} from "../graph/index.ts";
import {
  anglesOf,
  chunked,
  MixerError,
  type MixerInputs,
  type MixerSizes,
  type MixerSpec,
  mixerParameters,
  mixerStreams,
  parallel,
  rowsAreWeights,
} from "../mixers/index.ts";

/** What a transfer program learns. */
export interface TransferPlan {
  readonly mixer: MixerSpec;
  /** The teacher's own mixer. */
  readonly teacher: MixerSpec;
  /** Factor of the mean squared error in the gradients (published: 1000, over the number of layers). */
  readonly outputs: number;
  /** Factor of the cross-entropy between attention weights; 0 leaves out its length × length memory. */
  readonly weights: number;
  /** Names of the mixer's parameters whose gradients are returned. */
  readonly trained: readonly string[];
  /** Add the gradients to inputs `sum.NAME`. */
  readonly accumulate: boolean;
}

/**
 * `queries`, `keys`, `values`, `attended`, the mixer's parameters as `mixer.NAME` and, where it reads them, its streams as
 * `stream.NAME` and `cos`, `sin` → `outputs`, the mean squared error of the per-head outputs (LoLCATs, arXiv 2410.10254,
 * equation 8), `weights`, the cross-entropy between attention weights where it counts (Hedgehog, arXiv 2402.04347), and
 * `gradient.NAME` of their weighted sum. Sizes may be those of one sequence and one group of heads: they learn apart, and
 * what one group touches stays in the processor's cache.
 */
export function transferProgram(
  sizes: MixerSizes,
  { mixer, teacher, outputs: outputsFactor, weights: weightsFactor, trained, accumulate }: TransferPlan,
): Program {
  const { batch, heads, groups, length, dim } = sizes;
  const shared = [batch, groups, length, dim];
  const named = (prefix: string, shapes: Readonly<Record<string, Shape>>) =>
    Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, input(prefix + name, shape)]));
  const planned = mixerParameters(mixer, sizes);
  const shapes = Object.fromEntries(Object.entries(planned).map(([name, { shape }]) => [name, shape]));
  const parameters = named("mixer.", shapes);
  const inputs: MixerInputs = {
    queries: input("queries", [batch, heads, length, dim]),
    keys: input("keys", shared),
    values: input("values", shared),
    parameters,
    streams: named("stream.", mixerStreams(mixer, sizes)),
    ...(mixer.rope !== "before" && {
      angles: anglesOf((name) => input(name, [length, dim / 2])),
    }),
  };
  const error = squaredError(chunked(mixer, inputs).output, input("attended", [batch, heads, length, dim]));
  const terms: [name: string, factor: number, term: Value][] = [["outputs", outputsFactor, error]];
  if (weightsFactor > 0) terms.push(["weights", weightsFactor, weightsLoss(mixer, teacher, inputs, sizes)]);
  const total = terms.map(([, factor, term]) => multiply(term, factor)).reduce(add);
  const results: Record<string, Value> = Object.fromEntries(terms.map(([name, , term]) => [name, term]));
  const variables = trained.map((name) => parameterOf(parameters, name));
  gradient(total, variables).forEach((value, index) => {
    const name = trained[index] ?? "";
    results[`gradient.${name}`] = accumulate ? add(input(`sum.${name}`, value.shape), value) : value;
  });
  return program(results);
}

function parameterOf(parameters: Readonly<Record<string, Value>>, name: string): Value {
  const value = parameters[name];
  if (value === undefined) throw new RangeError(`the mixer has no parameter "${name}" to train`);
  return value;
}

/** The mean squared difference, one number. */
export function squaredError(left: Value, right: Value): Value {
  const difference = subtract(left, right);
  // In two steps: one float32 sum over all elements would lose digits.
  return reshape(mean(mean(multiply(difference, difference), [-1])), []);
}

/**
 * The cross-entropy between the teacher's and the student's attention weights, mean over rows: rows of weights are what a
 * mixer makes of the identity as its values. Throws a MixerError for a mixer whose rows are no weights.
 */
export function weightsLoss(mixer: MixerSpec, teacher: MixerSpec, inputs: MixerInputs, sizes: MixerSizes): Value {
  if (!rowsAreWeights(mixer))
    throw new MixerError(
      "attention_weights compares rows that sum to one, and this mixer's do not: give it normalize row or joint and no output norm or gate, or leave the term out",
    );
  const values = identityValues(sizes);
  const student = chunked(mixer, { ...inputs, values }).output;
  const taught = stopGradient(softmaxWeights(teacher, inputs, sizes, mixer.rope === "before"));
  const entropy = sum(multiply(taught, log(maximum(student, 1e-12))), [-1]);
  return negate(reshape(mean(entropy), []));
}

/** Values whose weighted sums are the weights, `[batch, groups, length, length]`. */
function identityValues({ batch, groups, length }: MixerSizes): Value {
  const diagonal = cast(
    mask([1, 1, length, length], (_batch, _group, query, key) => query === key),
    "float32",
  );
  return broadcastTo(diagonal, [batch, groups, length, length]);
}

/** The weights that a teacher's attention gives each key, `[batch, heads, length, length]`, of inputs that may be rotated already. */
export function softmaxWeights(
  teacher: MixerSpec,
  { queries, keys, angles }: MixerInputs,
  sizes: MixerSizes,
  rotated: boolean,
): Value {
  const { batch, length } = sizes;
  const rows = integers(Array.from({ length: batch * length }, (_unused, index) => index % length));
  const positions = reshape(rows, [batch, length]);
  const rotate = (x: Value) => (rotated || angles === undefined ? x : rotary(x, angles.cos, angles.sin, positions));
  const seen = { queries: rotate(queries), keys: rotate(keys), values: identityValues(sizes), parameters: {} };
  return parallel(teacher, seen).output;
}
