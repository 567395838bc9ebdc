/**
 * First weights that can copy: an induction circuit (arXiv 2209.11895) laid out by hand, which training then refines.
 * Layer 0's heads look one, two and three tokens back and write those tokens' codes into slots of the residual stream;
 * layer 1's first head compares a token and the two before it with what stands before earlier tokens, and copies what
 * followed. Small models find this by themselves only after several times the tokens.
 */
import type { Architecture } from "../families/index.ts";
import type { FloatTensor } from "../runtime/index.ts";

/** Tokens compared by a match. */
const grams = 3;
/** Share of the residual's power in the component all tokens have in common, which position heads read. */
const common = 0.49;
/** How sharply position heads look. */
const positionGain = 8;
/** How sharply the match head looks. */
const matchGain = 9;
/** Size of the slots' codes beside the embedding's deviation. */
const slotSize = 2;
/** Size of what the match head copies beside the embedding's deviation. */
const copySize = 10;
/** Random parts of the laid-out heads that stay. */
const quiet = 0.2;
/** The longest distance, in tokens, over which a match must not turn away. */
const reach = 700;

type Group = Readonly<Record<string, FloatTensor>>;

/** Lays the circuit out in fresh weights, by group (`ends`, `layer N`). Throws a RangeError for a model it does not fit. */
export function layOutCopying(
  groups: ReadonlyMap<string, Group>,
  architecture: Architecture,
  deviation: number,
  random: () => number,
): void {
  const { hiddenSize, heads, groups: keyHeads, headDim, rope } = architecture;
  const [ends, first, second] = ["ends", "layer 0", "layer 1"].map((name) => groups.get(name));
  const frequencies = rope.frequencies.inverse;
  const slow = [...frequencies.keys()].filter((pair) => (frequencies[pair] ?? 1) * reach < 1);
  const code = Math.floor((2 * slow.length) / grams);
  if (
    ends === undefined ||
    first === undefined ||
    second === undefined ||
    heads < grams ||
    keyHeads !== heads ||
    code === 0
  ) {
    throw new RangeError(
      `the copying start needs two layers, ${grams} heads with keys of their own and slow rotary pairs`,
    );
  }
  const free = 1 + grams * code;
  const width = hiddenSize;
  const table = matrix(ends.embedding, width);
  const shared = deviation * Math.sqrt(width * common);
  for (let token = 0; token < table.rows; token++) {
    table.set(token, 0, shared);
    for (let column = 1; column < free; column++) table.set(token, column, 0);
  }
  const codes = orthonormal(code, width, free, random);
  const normal = Math.sqrt(width * common) / Math.sqrt(1 + common);
  for (let head = 0; head < grams; head++) {
    lookBack(first, head * headDim, headDim, head + 1, frequencies, normal);
    writeSlot(first, { head, headDim, code, width, codes, size: deviation * slotSize });
  }
  clearRows(first.down, 1, free);
  // Power of the stream before layer 1, in units of the embedding's: shared part, embedding, slots.
  const power = common + (width - free) / width + (slotSize ** 2 * grams * code) / width;
  const [tokenSize, writtenSize] = [1 / Math.sqrt(power), slotSize / Math.sqrt(power)];
  const half = headDim / 2;
  const dimensions = slow.flatMap((pair) => [pair, pair + half]);
  const amplitude = Math.sqrt((matchGain * Math.sqrt(headDim)) / code);
  const [queries, keys] = [matrix(second.queries, width), matrix(second.keys, width)];
  for (let row = 0; row < headDim; row++) {
    for (let column = 0; column < width; column++) {
      for (const weights of [queries, keys]) weights.set(row, column, quiet * weights.get(row, column));
    }
  }
  for (let gram = 0; gram < grams; gram++) {
    for (let i = 0; i < code; i++) {
      const row = dimensions[gram * code + i] ?? 0;
      const slot = (of: number) => 1 + of * code + i;
      for (let column = 0; column < width; column++) {
        const own =
          gram === 0 ? (codes[i]?.[column] ?? 0) / tokenSize : Number(column === slot(gram - 1)) / writtenSize;
        queries.set(row, column, amplitude * own);
        keys.set(row, column, (amplitude * Number(column === slot(gram))) / writtenSize);
      }
    }
  }
  const carried = orthonormal(headDim, width, free, random);
  const [values, output] = [matrix(second.values, width), matrix(second.output, width)];
  const scale = (copySize * deviation * Math.sqrt(width / headDim)) / tokenSize;
  for (let row = 0; row < headDim; row++) {
    for (let column = 0; column < width; column++) {
      const weight = carried[row]?.[column] ?? 0;
      values.set(row, column, weight);
      output.set(column, row, weight * scale);
    }
  }
}

/** A head that looks `distance` tokens back, whatever they are: its scores come from rotary positions alone. */
function lookBack(
  layer: Group,
  start: number,
  headDim: number,
  distance: number,
  frequencies: Float64Array,
  normal: number,
): void {
  const half = headDim / 2;
  const sharpness = frequencies.reduce((sum, frequency) => sum + 1 - Math.cos(frequency), 0);
  const amplitude = Math.sqrt((positionGain * Math.sqrt(headDim)) / sharpness) / normal;
  for (const role of ["queries", "keys"] as const) {
    const weights = matrix(layer[role], undefined);
    for (let row = 0; row < headDim; row++) {
      for (let column = 0; column < weights.columns; column++) {
        weights.set(start + row, column, quiet * weights.get(start + row, column));
      }
      const angle = -distance * (frequencies[row % half] ?? 0);
      const query = row < half ? Math.cos(angle) : Math.sin(angle);
      weights.set(start + row, 0, amplitude * (role === "queries" ? query : Number(row < half)));
    }
  }
}

interface Slot {
  readonly head: number;
  readonly headDim: number;
  readonly code: number;
  readonly width: number;
  readonly codes: readonly Float64Array[];
  readonly size: number;
}

/** The head's values are the tokens' codes, and its output writes them to its slot alone. */
function writeSlot(layer: Group, { head, headDim, code, width, codes, size }: Slot): void {
  const [values, output] = [matrix(layer.values, width), matrix(layer.output, width)];
  if (head === 0) clearRows(layer.output, 1, 1 + grams * code);
  for (let i = 0; i < code; i++) {
    const row = head * headDim + i;
    for (let column = 0; column < width; column++)
      values.set(row, column, (codes[i]?.[column] ?? 0) * Math.sqrt(1 + common));
    for (let target = 0; target < width; target++) output.set(target, row, 0);
    output.set(1 + head * code + i, row, size);
  }
}

function clearRows(tensor: FloatTensor | undefined, start: number, end: number): void {
  const weights = matrix(tensor, undefined);
  weights.data.fill(0, start * weights.columns, end * weights.columns);
}

/** `count` orthonormal vectors of `width` elements, zero before `first` (Gram and Schmidt). */
function orthonormal(count: number, width: number, first: number, random: () => number): Float64Array[] {
  const vectors: Float64Array[] = [];
  while (vectors.length < count) {
    const vector = Float64Array.from({ length: width }, (_unused, column) =>
      column < first ? 0 : random() + random() + random() - 1.5,
    );
    for (const other of vectors) {
      const along = vector.reduce((sum, value, index) => sum + value * (other[index] ?? 0), 0);
      vector.forEach((value, index) => {
        vector[index] = value - along * (other[index] ?? 0);
      });
    }
    const norm = Math.hypot(...vector);
    vectors.push(vector.map((value) => value / norm));
  }
  return vectors;
}

/** A weight by rows and columns. */
function matrix(tensor: FloatTensor | undefined, width: number | undefined) {
  const [rows = 0, columns = 0] = tensor?.shape ?? [];
  const data = tensor?.data;
  if (data === undefined || (width !== undefined && columns !== width && rows !== width)) {
    throw new RangeError("a weight that the copying start lays out is missing or misshapen");
  }
  return {
    rows,
    columns,
    data,
    get: (row: number, column: number) => data[row * columns + column] ?? 0,
    set: (row: number, column: number, value: number) => {
      data[row * columns + column] = value;
    },
  };
}
