/** Learned tensors of mixers and how they begin. */
import { type Shape, sizeOf, type Value } from "../graph/index.ts";
import { MixerError } from "./errors.ts";

/** How a parameter begins. */
export type Initializer =
  /** Ones on the diagonal of the last two axes, which need not be square. */
  | { readonly kind: "identity" }
  /** Ones in the last column: a filter that passes its newest tap. */
  | { readonly kind: "lastColumn" }
  | { readonly kind: "constant"; readonly value: number }
  /** log(1 + row): the rates of a diagonal state space (S4D-Real, arXiv 2206.11893). */
  | { readonly kind: "logRow" }
  /** Independent normal numbers. */
  | { readonly kind: "normal"; readonly deviation: number }
  /** Rows that are orthogonal in blocks as wide as they are, each as long as a normal vector (arXiv 2009.14794). */
  | { readonly kind: "orthogonal" };

/** A learned tensor: its shape and how it begins. */
export interface Parameter {
  readonly shape: Shape;
  readonly initial: Initializer;
}

/** Parameters by name. */
export type Parameters = Readonly<Record<string, Parameter>>;

/** The parameter's first values, row-major. `random` gives numbers in [0, 1). */
export function initialValues({ shape, initial }: Parameter, random: () => number): Float32Array {
  const values = new Float32Array(sizeOf(shape));
  const [rows = 1, columns = 1] = shape.slice(-2);
  if (initial.kind === "orthogonal") return Float32Array.from(orthogonal(values.length / columns, columns, random));
  const fill: Record<Exclude<Initializer["kind"], "orthogonal">, (index: number) => number> = {
    identity: (index) => Number(Math.floor(index / columns) % rows === index % columns),
    lastColumn: (index) => Number(index % columns === columns - 1),
    logRow: (index) => Math.log(1 + (Math.floor(index / columns) % rows)),
    constant: () => (initial.kind === "constant" ? initial.value : 0),
    normal: () => (initial.kind === "normal" ? initial.deviation * normal(random) : 0),
  };
  return values.map((_zero, index) => fill[initial.kind](index));
}

/** Rows of numbers, orthogonal within each block of `columns` rows, of the lengths that normal vectors have. */
function orthogonal(rows: number, columns: number, random: () => number): number[] {
  const vector = () => Array.from({ length: columns }, () => normal(random));
  const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, index) => sum + x * (b[index] ?? 0), 0);
  const block: number[][] = [];
  const result: number[] = [];
  for (let row = 0; row < rows; row++) {
    if (row % columns === 0) block.length = 0;
    const along = (x: number[], unit: readonly number[]) => {
      const shadow = dot(x, unit);
      return x.map((number, index) => number - shadow * (unit[index] ?? 0));
    };
    // Twice, because once leaves rounding errors of what it takes away.
    const rest = [...block, ...block].reduce(along, vector());
    const unit = rest.map((x) => x / Math.sqrt(dot(rest, rest)));
    block.push(unit);
    const drawn = vector();
    const length = Math.sqrt(dot(drawn, drawn));
    result.push(...unit.map((x) => x * length));
  }
  return result;
}

/** A standard normal number (Box and Muller). */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** The parameter of the given name. Throws a MixerError where it was not given. */
export function learned(parameters: Readonly<Record<string, Value>>, name: string): Value {
  const value = parameters[name];
  if (value === undefined) throw new MixerError(`the mixer's parameter "${name}" was not given`);
  return value;
}
