/** The Legendre memory's matrices, in float64: how a sliding span of a signal is kept as coefficients of polynomials. */

type Matrix = readonly (readonly number[])[];

const filled = (rows: number, columns: number, value: (row: number, column: number) => number): number[][] =>
  Array.from({ length: rows }, (_row, row) => Array.from({ length: columns }, (_column, column) => value(row, column)));

function product(a: Matrix, b: Matrix): number[][] {
  const inner = b.length;
  return filled(a.length, b[0]?.length ?? 0, (row, column) => {
    let sum = 0;
    for (let index = 0; index < inner; index++) sum += (a[row]?.[index] ?? 0) * (b[index]?.[column] ?? 0);
    return sum;
  });
}

/** Terms of the exponential's series: with entries below ½ the rest is beneath float64. */
const terms = 24;

/** e to a matrix, by its series after scaling and squaring. */
function exponential(a: Matrix): number[][] {
  const size = a.length;
  const norm = Math.max(...a.map((row) => row.reduce((sum, x) => sum + Math.abs(x), 0)));
  const halvings = Math.max(0, Math.ceil(Math.log2(Math.max(norm, 1))) + 1);
  const scaled = a.map((row) => row.map((x) => x / 2 ** halvings));
  let result = filled(size, size, (row, column) => Number(row === column));
  let power = result;
  for (let term = 1; term <= terms; term++) {
    power = product(power, scaled).map((row) => row.map((x) => x / term));
    result = filled(size, size, (row, column) => (result[row]?.[column] ?? 0) + (power[row]?.[column] ?? 0));
  }
  for (let step = 0; step < halvings; step++) result = product(result, result);
  return result;
}

/** One step of the memory: m ← Ā m + B̄ u, with u held over the step (Voelker et al., NeurIPS 2019). */
export interface LegendreStep {
  readonly transition: Matrix;
  readonly input: readonly number[];
}

/** The step of a memory of `order` coefficients over `span` tokens. */
export function legendreStep(order: number, span: number): LegendreStep {
  const continuous = filled(order + 1, order + 1, (row, column) => {
    if (row === order) return 0;
    const rate = (2 * row + 1) / span;
    if (column === order) return rate * (-1) ** row;
    return rate * (row < column ? -1 : (-1) ** (row - column + 1));
  });
  const discrete = exponential(continuous).slice(0, order);
  return { transition: discrete.map((row) => row.slice(0, order)), input: discrete.map((row) => row[order] ?? 0) };
}

/** Ā⁰ … Āⁿ, each `[order, order]`. */
export function powers({ transition }: LegendreStep, count: number): readonly Matrix[] {
  const list: Matrix[] = [transition.map((row, index) => row.map((_x, column) => Number(index === column)))];
  for (let index = 0; index < count; index++) list.push(product(transition, list[index] ?? []));
  return list;
}

/** Āⁿ B̄ for n below `count`: what is left of an impulse after n further steps. */
export function impulses({ transition, input }: LegendreStep, count: number): readonly (readonly number[])[] {
  const list: (readonly number[])[] = [input];
  for (let index = 1; index < count; index++) {
    const last = list[index - 1] ?? [];
    list.push(transition.map((row) => row.reduce((sum, x, column) => sum + x * (last[column] ?? 0), 0)));
  }
  return list;
}
