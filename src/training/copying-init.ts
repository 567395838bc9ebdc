/**
 * First weights that can copy: an induction circuit (arXiv 2209.11895) laid out by hand, which training then refines.
 * Layer 0's heads look one, two and three tokens back and write those tokens' codes into slots of the residual stream;
 * layer 1's first head compares a token and the two before it with what stands before earlier tokens, and copies what
 * followed. Small models find this by themselves only after several times the tokens.
 */
import { type Architecture, blockOf } from "../families/index.ts";
import type { FloatTensor } from "../runtime/index.ts";

/** Tokens compared by a match. */
const grams = 3;
/** Dimensions of a token's code: random signs, so that all codes are equally long. */
const code = 10;
/** Power of the component that all tokens share, which position heads read. */
const common = 0.49;
/** How sharply position heads look. */
const positionGain = 7;
/** Only pairs that turn faster than this tell neighbours apart; slower ones would drown them in a constant. */
const fastest = 0.1;
/** How sharply the match head looks. */
const matchGain = 5;
/** Size of the slots' codes beside the embedding's deviation. */
const slotSize = 1.5;
/** Size of what the match head copies beside the embedding's deviation. */
const copySize = 2.5;
/** Random parts of the laid-out heads, and of the MLPs before a match, that stay. */
const quiet = { heads: 0.02, mlp: 0.2 };
/** The longest distance, in tokens, over which a match must not turn away. */
const reach = 700;

type Group = Readonly<Record<string, FloatTensor>>;

/** Where a block of code begins in the residual stream: 0 is a token's own, n that of the token n back; 0 is the shared part. */
const placeOf = (distance: number) => 1 + distance * code;

/** Lays the circuit out in fresh weights, by group (`ends`, `layer N`). Throws a RangeError for a model it does not fit. */
export function layOutCopying(
  groups: ReadonlyMap<string, Group>,
  architecture: Architecture,
  deviation: number,
  random: () => number,
): void {
  const [ends, first, second] = ["ends", "layer 0", "layer 1"].map((name) => groups.get(name));
  const { hiddenSize: width, heads, groups: keyHeads, headDim, rope } = blockOf(architecture, 0);
  const frequencies = architecture.ropes[rope]?.frequencies.inverse ?? new Float64Array();
  const slow = [...frequencies.keys()].filter((pair) => (frequencies[pair] ?? 1) * reach < 1);
  const used = placeOf(grams + 1);
  const fits =
    heads >= grams && keyHeads === heads && 2 * slow.length >= code && headDim >= code && width > used + headDim;
  if (ends === undefined || first === undefined || second === undefined || !fits) {
    throw new RangeError(
      `the copying start needs two layers, ${grams} heads with keys of their own and slow rotary pairs`,
    );
  }
  const table = matrix(ends.embedding);
  for (let token = 0; token < table.rows; token++) {
    table.set(token, 0, deviation * Math.sqrt(width * common));
    for (let column = 1; column < used; column++) {
      table.set(token, column, column < placeOf(1) ? (random() < 0.5 ? -deviation : deviation) : 0);
    }
  }
  for (const layer of [first, second]) {
    // Nothing else writes into the shared part and the blocks.
    for (const role of ["output", "down"]) clearRows(layer[role], used);
    scale(layer.down, quiet.mlp);
  }
  // Power of the stream before each layer, in units of the embedding's: its norm divides by the root.
  const embedded = common + (width - used + code) / width;
  const written = embedded + (slotSize ** 2 * grams * code) / width;
  for (let head = 0; head < grams; head++) {
    lookBack(first, head * headDim, headDim, head + 1, frequencies, Math.sqrt((width * common) / embedded));
    writeBlock(first, head, headDim, Math.sqrt(embedded), deviation * slotSize);
  }
  const size = (distance: number) => (distance === 0 ? 1 : slotSize) / Math.sqrt(written);
  const rows = slow.flatMap((pair) => [pair, pair + headDim / 2]);
  compare(second, headDim, rows, size, random);
  const carried = orthonormal(headDim, width, used, random);
  const [values, output] = [matrix(second.values), matrix(second.output)];
  const copied = copySize * deviation * Math.sqrt(width / headDim) * Math.sqrt(written);
  for (let row = 0; row < headDim; row++) {
    for (let column = 0; column < width; column++) {
      const weight = carried[row]?.[column] ?? 0;
      values.set(row, column, weight);
      output.set(column, row, weight * copied);
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
  shared: number,
): void {
  const half = headDim / 2;
  const sharpness = frequencies.reduce((sum, frequency) => sum + 1 - Math.cos(frequency), 0);
  const amplitude = Math.sqrt((positionGain * Math.sqrt(headDim)) / sharpness) / shared;
  for (const role of ["queries", "keys"]) {
    const weights = matrix(layer[role]);
    for (let row = 0; row < headDim; row++) {
      for (let column = 0; column < weights.columns; column++) {
        weights.set(start + row, column, quiet.heads * weights.get(start + row, column));
      }
      const frequency = frequencies[row % half] ?? 0;
      const angle = -distance * frequency;
      const query = row < half ? Math.cos(angle) : Math.sin(angle);
      const direction = role === "queries" ? query : Number(row < half);
      weights.set(start + row, 0, frequency > fastest ? amplitude * direction : 0);
    }
  }
}

/** A head's values are the tokens' own codes, and its output writes them to the block of its distance alone. */
function writeBlock(layer: Group, head: number, headDim: number, norm: number, size: number): void {
  const [values, output] = [matrix(layer.values), matrix(layer.output)];
  const start = head * headDim;
  for (let row = start; row < start + headDim; row++) {
    for (let column = 0; column < values.columns; column++) values.set(row, column, 0);
    for (let target = 0; target < output.rows; target++) output.set(target, row, 0);
  }
  for (let i = 0; i < code; i++) {
    values.set(start + i, placeOf(0) + i, norm);
    output.set(placeOf(head + 1) + i, start + i, size);
  }
}

/** The first head compares a token and those before it with what stands before earlier tokens, in slow rotary pairs. */
function compare(
  layer: Group,
  headDim: number,
  rows: readonly number[],
  size: (distance: number) => number,
  random: () => number,
): void {
  const [queries, keys] = [matrix(layer.queries), matrix(layer.keys)];
  for (let row = 0; row < headDim; row++) {
    const kept = rows.includes(row) ? 0 : quiet.heads;
    for (const weights of [queries, keys]) {
      for (let column = 0; column < weights.columns; column++)
        weights.set(row, column, kept * weights.get(row, column));
    }
  }
  const amplitude = Math.sqrt((matchGain * Math.sqrt(headDim)) / code);
  for (let gram = 0; gram < grams; gram++) {
    // Every distance is compared in directions of its own.
    const directions = orthonormal(code, rows.length, 0, random);
    directions.forEach((direction, i) => {
      rows.forEach((row, place) => {
        const weight = amplitude * (direction[place] ?? 0);
        queries.set(row, placeOf(gram) + i, weight / size(gram));
        keys.set(row, placeOf(gram + 1) + i, weight / size(gram + 1));
      });
    });
  }
}

function clearRows(tensor: FloatTensor | undefined, end: number): void {
  const weights = matrix(tensor);
  weights.data.fill(0, 0, end * weights.columns);
}

function scale(tensor: FloatTensor | undefined, factor: number): void {
  const { data } = matrix(tensor);
  for (let index = 0; index < data.length; index++) data[index] = factor * (data[index] ?? 0);
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
function matrix(tensor: FloatTensor | undefined) {
  if (tensor === undefined) throw new RangeError("a weight that the copying start lays out is missing");
  const [rows = 0, columns = 0] = tensor.shape;
  const { data } = tensor;
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
