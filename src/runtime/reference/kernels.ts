/** The interpreter's kernels by operation name, each written from the operation's definition, in plain loops. */
import type {
  AddRowsAttributes,
  AxisAttributes,
  CastAttributes,
  ConcatAttributes,
  ConstantAttributes,
  CumulativeAttributes,
  NormAttributes,
  PadAttributes,
  ReduceAttributes,
  Shape,
  ShapeAttributes,
  SliceAttributes,
  SplitAttributes,
  TopAttributes,
  TransposeAttributes,
} from "../../graph/index.ts";
import { sizeOf, stridesOf } from "../../graph/index.ts";
import { attentionKernels } from "./attention.ts";
import { longConvolution } from "./convolution.ts";
import { broadcastStrides, elementwise, fill, type Kernel, mapIndices, rowsOf, take } from "./loops.ts";
import { matmul } from "./matmul.ts";
import { quantizedMatmul } from "./quantized.ts";
import { binary, unary } from "./scalar.ts";
import { linearScan, scan } from "./scan.ts";

function reduction(start: number, combine: (total: number, x: number) => number, mean = false): Kernel {
  return ([x], attributes) => {
    const { axes } = attributes as ReduceAttributes;
    const input = take(x);
    const shape = input.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
    const output = fill(shape, start);
    const strides = stridesOf(shape).map((stride, axis) => (axes.includes(axis) ? 0 : stride));
    mapIndices(input.shape, strides, (offset, target) => {
      output.data[target] = combine(output.data[target] ?? 0, input.data[offset] ?? 0);
    });
    if (mean) {
      const count = sizeOf(input.shape) / sizeOf(shape);
      output.data.forEach((total, index) => {
        output.data[index] = total / count;
      });
    }
    return [output];
  };
}

const softmaxRow = (row: Float64Array) => {
  const peak = row.reduce((a, b) => Math.max(a, b), -Infinity);
  const weights = row.map((x) => Math.exp(x - peak));
  const total = weights.reduce((a, b) => a + b, 0);
  return { peak, weights, total };
};

/** Reads the input at positions given by strides and a start, in the output's order. */
function gather(input: Float64Array, shape: Shape, strides: readonly number[], start = 0) {
  const output = fill(shape, 0);
  mapIndices(shape, strides, (offset, source) => {
    output.data[offset] = input[start + source] ?? 0;
  });
  return output;
}

function moved(
  change: (shape: Shape, strides: number[], attributes: object) => { shape: Shape; strides: number[]; start?: number },
): Kernel {
  return ([x], attributes) => {
    const input = take(x);
    const { shape, strides, start } = change(input.shape, stridesOf(input.shape), attributes);
    return [gather(input.data, shape, strides, start)];
  };
}

const concat: Kernel = (inputs, attributes, node) => {
  const { axis } = attributes as ConcatAttributes;
  const output = fill(node.outputs[0]?.shape ?? [], 0);
  const strides = stridesOf(output.shape);
  let start = 0;
  for (const input of inputs) {
    mapIndices(input.shape, strides, (offset, target) => {
      output.data[start + target] = input.data[offset] ?? 0;
    });
    start += (input.shape[axis] ?? 0) * (strides[axis] ?? 1);
  }
  return [output];
};

const pad: Kernel = ([x], attributes, node) => {
  const { axis, before } = attributes as PadAttributes;
  const input = take(x);
  const output = fill(node.outputs[0]?.shape ?? [], 0);
  const strides = stridesOf(output.shape);
  const start = before * (strides[axis] ?? 1);
  mapIndices(input.shape, strides, (offset, target) => {
    output.data[start + target] = input.data[offset] ?? 0;
  });
  return [output];
};

const split: Kernel = ([x], attributes, node) => {
  const { axis } = attributes as SplitAttributes;
  const input = take(x);
  const strides = stridesOf(input.shape);
  let start = 0;
  return node.outputs.map(({ shape }) => {
    const part = gather(input.data, shape, strides, start * (strides[axis] ?? 0));
    start += shape[axis] ?? 0;
    return part;
  });
};

const cumulativeSum: Kernel = ([x], attributes) => {
  const { axis, exclusive, reverse } = attributes as CumulativeAttributes;
  const input = take(x);
  const output = fill(input.shape, 0);
  const size = input.shape[axis] ?? 0;
  const stride = stridesOf(input.shape)[axis] ?? 1;
  for (let first = 0; first < input.data.length; first++) {
    if (Math.floor(first / stride) % size !== 0) continue;
    let total = 0;
    for (let step = 0; step < size; step++) {
      const offset = first + (reverse ? size - 1 - step : step) * stride;
      const element = input.data[offset] ?? 0;
      output.data[offset] = exclusive ? total : total + element;
      total += element;
    }
  }
  return [output];
};

const rmsNorm: Kernel = ([x, scale], attributes) => {
  const { epsilon } = attributes as NormAttributes;
  return [
    rowsOf(take(x), (row) => {
      const square = row.reduce((total, element) => total + element * element, 0) / row.length;
      return row.map((element, index) => (element / Math.sqrt(square + epsilon)) * (take(scale).data[index] ?? 0));
    }),
  ];
};

const layerNorm: Kernel = ([x, scale], attributes) => {
  const { epsilon } = attributes as NormAttributes;
  return [
    rowsOf(take(x), (row) => {
      const mean = row.reduce((total, element) => total + element, 0) / row.length;
      const variance = row.reduce((total, element) => total + (element - mean) ** 2, 0) / row.length;
      const deviation = Math.sqrt(variance + epsilon);
      return row.map((element, index) => ((element - mean) / deviation) * (take(scale).data[index] ?? 0));
    }),
  ];
};

const rows: Kernel = ([table, indices], _attributes, node) => {
  const { data, shape } = take(table);
  const width = sizeOf(shape.slice(1));
  const output = fill(node.outputs[0]?.shape ?? [], 0);
  take(indices).data.forEach((row, place) => {
    output.data.set(data.subarray(row * width, (row + 1) * width), place * width);
  });
  return [output];
};

const addRows: Kernel = ([updates, indices], attributes) => {
  const { shape } = attributes as AddRowsAttributes;
  const width = sizeOf(shape.slice(1));
  const output = fill(shape, 0);
  take(indices).data.forEach((row, place) => {
    for (let column = 0; column < width; column++) {
      const target = row * width + column;
      output.data[target] = (output.data[target] ?? 0) + (take(updates).data[place * width + column] ?? 0);
    }
  });
  return [output];
};

const pick: Kernel = ([x, indices]) => {
  const input = take(x);
  const width = input.shape.at(-1) ?? 1;
  const chosen = take(indices);
  return [
    { shape: chosen.shape, data: chosen.data.map((column, row) => input.data[row * width + column] ?? Number.NaN) },
  ];
};

const topIndices: Kernel = ([x], attributes) => {
  const { count } = attributes as TopAttributes;
  const input = take(x);
  const width = input.shape.at(-1) ?? 1;
  const output = fill([...input.shape.slice(0, -1), count], 0);
  for (let row = 0; row * width < input.data.length; row++) {
    const element = (column: number) => input.data[row * width + column] ?? 0;
    const columns = Array.from({ length: width }, (_unused, column) => column);
    columns.sort((a, b) => element(b) - element(a) || a - b);
    output.data.set(columns.slice(0, count), row * count);
  }
  return [output];
};

const rotary: Kernel = ([x, cos, sin, positions]) => {
  const input = take(x);
  const [batch = 0, heads = 0, length = 0, dim = 0] = input.shape;
  const half = dim / 2;
  const output = fill(input.shape, 0);
  for (let row = 0; row < batch * heads * length; row++) {
    const place = Math.floor(row / (heads * length)) * length + (row % length);
    const position = take(positions).data[place] ?? 0;
    for (let i = 0; i < half; i++) {
      const c = take(cos).data[position * half + i] ?? 0;
      const s = take(sin).data[position * half + i] ?? 0;
      const [a, b] = [input.data[row * dim + i] ?? 0, input.data[row * dim + half + i] ?? 0];
      output.data[row * dim + i] = a * c - b * s;
      output.data[row * dim + half + i] = b * c + a * s;
    }
  }
  return [output];
};

const constant: Kernel = (_inputs, attributes) => {
  const { shape, data } = attributes as ConstantAttributes;
  return [{ shape, data: Float64Array.from(data as Iterable<number | bigint>, Number) }];
};

const cast: Kernel = ([x], attributes) => {
  const { dtype } = attributes as CastAttributes;
  const input = take(x);
  const real = dtype === "float32" || dtype === "float16";
  const convert =
    dtype === "bool" ? (value: number) => Number(value !== 0) : real ? (value: number) => value : Math.trunc;
  return [{ shape: input.shape, data: input.data.map(convert) }];
};

/** Every kernel, by the name of the operation it computes. */
export const kernels: Readonly<Record<string, Kernel>> = {
  ...Object.fromEntries(Object.entries(unary).map(([name, f]) => [name, elementwise(([x = 0]) => f(x))])),
  ...Object.fromEntries(Object.entries(binary).map(([name, f]) => [name, elementwise(([a = 0, b = 0]) => f(a, b))])),
  ...attentionKernels,
  where: elementwise(([condition, a = 0, b = 0]) => (condition ? a : b)),
  sum: reduction(0, (total, x) => total + x),
  mean: reduction(0, (total, x) => total + x, true),
  max: reduction(-Infinity, Math.max),
  reshape: ([x], attributes) => [{ shape: (attributes as ShapeAttributes).shape, data: take(x).data }],
  broadcastTo: moved((shape, _strides, attributes) => {
    const target = (attributes as ShapeAttributes).shape;
    return { shape: target, strides: broadcastStrides(shape, target) };
  }),
  transpose: moved((shape, strides, attributes) => {
    const { permutation } = attributes as TransposeAttributes;
    return {
      shape: permutation.map((axis) => shape[axis] ?? 1),
      strides: permutation.map((axis) => strides[axis] ?? 0),
    };
  }),
  slice: moved((shape, strides, attributes) => {
    const { axis, start, end } = attributes as SliceAttributes;
    return {
      shape: shape.map((size, a) => (a === axis ? end - start : size)),
      strides,
      start: start * (strides[axis] ?? 0),
    };
  }),
  reverse: moved((shape, strides, attributes) => {
    const { axis } = attributes as AxisAttributes;
    const stride = strides[axis] ?? 0;
    return { shape, strides: strides.with(axis, -stride), start: ((shape[axis] ?? 1) - 1) * stride };
  }),
  concat,
  split,
  pad,
  cumulativeSum,
  linearScan,
  longConvolution,
  scan,
  matmul,
  quantizedMatmul,
  softmax: ([x]) => [
    rowsOf(take(x), (row) => {
      const { weights, total } = softmaxRow(row);
      return weights.map((weight) => weight / total);
    }),
  ],
  logSoftmax: ([x]) => [
    rowsOf(take(x), (row) => {
      const { peak, total } = softmaxRow(row);
      return row.map((element) => element - peak - Math.log(total));
    }),
  ],
  rmsNorm,
  layerNorm,
  rows,
  addRows,
  pick,
  topIndices,
  rotary,
  constant,
  cast,
};
