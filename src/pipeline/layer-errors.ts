/** How far the attention of each converted layer is from its teacher's, on the same text and from the same stream. */
import { blockOf } from "../families/index.ts";
import { isConverted, type Model, replacedLayers } from "../inference/model.ts";
import { angleTables, layerAngles } from "../model/angles.ts";
import { layerwiseProgram } from "../model/layerwise-block.ts";
import { type Engine, type FloatTensor, floatsOf, type Tensor } from "../runtime/index.ts";
import { TeacherPass } from "../training/teacher-pass.ts";

/** Tokens that are enough to tell layers apart. */
const judgedTokens = 2048;

/** Token windows to compare on. */
export interface JudgedText {
  readonly ids: ArrayLike<number>;
  /** Tokens per window; the text has at least one. */
  readonly length: number;
  readonly signal: AbortSignal;
}

/**
 * ‖student − teacher‖ / ‖teacher‖ of what attention adds to the stream, for each layer, over the text's first windows; every
 * layer reads the teacher's own stream, so errors do not add up. Null for layers that are no linear ones; empty where the
 * models cannot be compared layer by layer.
 */
export async function layerErrors(
  engine: Engine,
  { student, teacher }: { readonly student: Model; readonly teacher: Model },
  { ids, length, signal }: JudgedText,
): Promise<(number | null)[]> {
  const layers = replacedLayers(student);
  if (layers.length === 0 || !comparable(student, teacher)) return [];
  const { architecture } = teacher;
  const plan = { architecture, weights: teacher.weights, length, layers, taps: ["mixed"] as const };
  const pass = new TeacherPass(engine, { ...plan, products: "float32", remembered: 0 });
  const [errors, norms] = [new Map<number, number>(), new Map<number, number>()];
  const add = (sums: Map<number, number>, layer: number, value: number) =>
    sums.set(layer, (sums.get(layer) ?? 0) + value);
  const windows = Math.max(1, Math.floor(Math.min(judgedTokens, ids.length) / length));
  for (let window = 0; window < windows; window++) {
    const tokens = Int32Array.from({ length }, (_unused, index) => ids[window * length + index] ?? 0);
    for await (const { layer, told } of pass.judge(tokens)) {
      signal.throwIfAborted();
      const wanted = told.mixed;
      if (wanted === undefined) continue;
      add(errors, layer, await squaredError(engine, student, layer, told.x, wanted));
      add(norms, layer, squaredNorm(floatsOf(wanted)));
    }
  }
  await engine.release();
  return student.mixers.map((_mixer, layer) => ratioOf(errors.get(layer), norms.get(layer)));
}

/** Whether the teacher is not converted itself, and made of the same blocks. */
function comparable(student: Model, teacher: Model): boolean {
  const blocks = ({ architecture }: Model) => JSON.stringify(architecture.blocks);
  return !isConverted(teacher) && blocks(student) === blocks(teacher);
}

/** Σ (student − teacher)² of what attention adds to the stream x. */
async function squaredError(
  engine: Engine,
  { architecture, weights, mixers }: Model,
  layer: number,
  x: FloatTensor,
  wanted: FloatTensor,
): Promise<number> {
  const mixer = mixers[layer];
  if (mixer === undefined) throw new RangeError(`the model has no layer ${layer}`);
  const [batch = 1, length = 1] = x.shape;
  const loss = { outputs: 0, weights: 0, mixed: 1, stream: 0, salience: 0 };
  const plan = { mixer: mixer.spec, trained: [], loss, stream: false };
  const block = blockOf(architecture, layer);
  const program = await engine.cached(`layer error ${batch} ${length} ${JSON.stringify([mixer.spec, block])}`, () =>
    layerwiseProgram(block, plan, batch, length),
  );
  const angles = layerAngles(angleTables(architecture, 0, length), architecture, layer);
  const feeds: Record<string, Tensor> = { x, ...angles, ...weights.layers[layer] };
  for (const [name, weight] of Object.entries(mixer.parameters)) feeds[`mixer.${name}`] = weight;
  const mean = floatsOf((await program.run({ ...feeds, "teacher.mixed": wanted })).mixed as Tensor)[0] ?? Number.NaN;
  return mean * wanted.data.length;
}

function squaredNorm(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value * value, 0);
}

/** Null for a broken model's infinite error too: JSON has no such number. */
function ratioOf(error: number | undefined, norm: number | undefined): number | null {
  const ratio = Math.sqrt((error ?? Number.NaN) / (norm ?? Number.NaN));
  return Number.isFinite(ratio) ? ratio : null;
}
