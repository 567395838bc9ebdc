/** Golden files against every form of the preset that answers to them. */
import { GraphError, type Program } from "../../graph/index.ts";
import { type Form, forms, MixerError, planMixer } from "../../mixers/index.ts";
import { type Engine, floats, floatsOf, type Tensor } from "../../runtime/index.ts";
import { interpret, type Reference, reference } from "../../runtime/reference/interpret.ts";
import { type Answer, answerTo, type GoldenFile, numbersOf, openGolden } from "./golden-file.ts";
import { type GoldenGraph, goldenGraph } from "./golden-graph.ts";
import { requireComputable } from "./golden-limits.ts";
import { type CheckedType, goldenTolerance } from "./tolerance.ts";

/** The largest relative errors of one form, max|a − b| / max|b| per tensor; null where there is nothing to compare. */
export interface FormErrors {
  readonly form: Form;
  readonly dtype: CheckedType;
  readonly output: number;
  readonly state: number | null;
  readonly gradients: number | null;
}

/** A file's check. */
export interface FileCheck {
  readonly file: string;
  /** The reference implementation, as the file names it. */
  readonly oracle: string;
  /** The preset that answered. */
  readonly preset: string;
  readonly forms: readonly FormErrors[];
  /** What each number type may be off by. */
  readonly tolerance: Readonly<Record<CheckedType, number>>;
  /** Why float32 may be off by more than for others. */
  readonly because?: string;
}

/** Whether every error of a check is within the tolerance. */
export function passes({ forms: checked, tolerance }: FileCheck): boolean {
  return checked.every(({ dtype, output, state, gradients }) =>
    [output, state, gradients].every((error) => error === null || error <= tolerance[dtype]),
  );
}

/**
 * Checks a golden file. Throws a FormatError or MixerError where it is no such file, no preset answers to its oracle, or it
 * asks for more than the ceilings allow.
 */
export async function checkGolden(path: string, engine: Engine): Promise<FileCheck> {
  const file = openGolden(path);
  try {
    const answer = answerTo(file);
    if (answer === undefined) throw new MixerError(`${path}: no preset answers to ${file.oracle}`);
    // All forms are looked at before one is computed: what cannot be checked is said at once.
    const graphs = formsOf(answer).map((form) => ({ form, graph: fitted(file, answer, form) }));
    for (const { form, graph } of graphs) requireComputable(file, form, graph.program);
    const checked: FormErrors[] = [];
    for (const { form, graph } of graphs) {
      // Operators of the engine have no float64.
      const types: readonly CheckedType[] = form === "fused" ? ["float32"] : ["float64", "float32"];
      for (const dtype of types) checked.push(await errorsOf(file, graph, form, dtype, engine));
    }
    const { looser } = answer.oracle;
    return {
      file: path,
      oracle: file.oracle,
      preset: answer.preset.name,
      forms: checked,
      tolerance: { ...goldenTolerance, ...(looser && { float32: looser.float32 }) },
      ...(looser && { because: looser.because }),
    };
  } finally {
    file.source.close();
    await engine.release();
  }
}

/** The graph of a form. Throws a MixerError where the file's axes have no place in the mixer's. */
function fitted(file: GoldenFile, answer: Answer, form: Form): GoldenGraph {
  try {
    return goldenGraph(file, answer, form);
  } catch (cause) {
    if (!(cause instanceof GraphError)) throw cause;
    const problem = `its tensors and layout do not fit ${answer.preset.name}: ${cause.message}`;
    throw new MixerError(`${file.path}: ${problem}`, { cause });
  }
}

function formsOf({ spec, oracle }: Answer): readonly Form[] {
  if (oracle.part !== undefined) return ["parallel"];
  const plan = planMixer(spec, { batch: 1, heads: 1, groups: 1, length: 1, dim: 8, hidden: 8 });
  return forms.filter((form) => plan.forms[form] === undefined);
}

async function errorsOf(
  file: GoldenFile,
  { program, states, gradients }: GoldenGraph,
  form: Form,
  dtype: CheckedType,
  engine: Engine,
): Promise<FormErrors> {
  const feeds = Object.fromEntries([...program.inputs.keys()].map((name) => [name, numbersOf(file, name)]));
  const results = await computed(program, feeds, dtype, engine);
  const error = (name: string) => relativeError(results[name] ?? [], numbersOf(file, name));
  const worst = (names: readonly string[]) => (names.length === 0 ? null : Math.max(...names.map(error)));
  return {
    form,
    dtype,
    output: error("output"),
    state: worst(states),
    gradients: worst(gradients.map((name) => `grad_${name}`)),
  };
}

type Numbers = Readonly<Record<string, ArrayLike<number>>>;

async function computed(program: Program, feeds: Numbers, dtype: CheckedType, engine: Engine): Promise<Numbers> {
  const types = [...program.inputs];
  if (dtype === "float64") {
    const given = types.map(([name, { shape }]): [string, Reference] => [name, reference(shape, feeds[name] ?? [])]);
    const results = interpret(program, Object.fromEntries(given));
    return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data]));
  }
  const given = types.map(([name, { shape, dtype: type }]): [string, Tensor] => [
    name,
    type === "int64"
      ? { dtype: "int64", shape, data: BigInt64Array.from(Array.from(feeds[name] ?? [], BigInt)) }
      : floats(shape, Float32Array.from(feeds[name] ?? [])),
  ]);
  const executable = await engine.compile(program);
  const results = await executable.run(Object.fromEntries(given));
  return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, floatsOf(tensor)]));
}

/** max|a − b| / max|b|, and max|a| where b is zero; infinite where a number is not finite or the sizes differ. */
function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let [difference, size] = [0, 0];
  for (let index = 0; index < expected.length; index++) {
    const [a, b] = [actual[index] ?? Number.NaN, expected[index] ?? Number.NaN];
    if (!Number.isFinite(a)) return Number.POSITIVE_INFINITY;
    difference = Math.max(difference, Math.abs(a - b));
    size = Math.max(size, Math.abs(b));
  }
  // A gradient that is zero but for rounding (of a softmax over one key) has no digits to agree on.
  return size < 1e-12 ? difference : difference / size;
}
