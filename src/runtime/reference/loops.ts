/** Loops the kernels share. */
import { type Body, broadcastShapes, type Node, type Shape, sameShape, sizeOf, stridesOf } from "../../graph/index.ts";

/** A tensor of the interpreter: all element types are float64 here; booleans are 0 and 1. */
export interface Reference {
  readonly shape: Shape;
  readonly data: Float64Array;
}

/** Computes the outputs of a loop's body from its inputs. */
export type Evaluate = (body: Body, inputs: readonly Reference[]) => Reference[];

/** Computes a node's outputs from its inputs. */
export type Kernel = (
  inputs: readonly Reference[],
  attributes: object,
  node: Node,
  evaluate: Evaluate,
) => readonly Reference[];

/** The operand, which the shape rule has already required. */
export function take(value: Reference | undefined): Reference {
  if (value === undefined) throw new Error("an operand is missing");
  return value;
}

/** A tensor filled with one number. */
export function fill(shape: Shape, value: number): Reference {
  return { shape, data: new Float64Array(sizeOf(shape)).fill(value) };
}

/** Visits every position of `shape` with its row-major offset and the offset it has under other strides. */
export function mapIndices(
  shape: Shape,
  strides: readonly number[],
  visit: (offset: number, other: number) => void,
): void {
  const position = shape.map(() => 0);
  const size = sizeOf(shape);
  let other = 0;
  for (let offset = 0; offset < size; offset++) {
    visit(offset, other);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const next = (position[axis] ?? 0) + 1;
      const stride = strides[axis] ?? 0;
      if (next < (shape[axis] ?? 0)) {
        position[axis] = next;
        other += stride;
        break;
      }
      position[axis] = 0;
      other -= (next - 1) * stride;
    }
  }
}

/** Strides that read a tensor of `shape` as if broadcast to `target`. */
export function broadcastStrides(shape: Shape, target: Shape): number[] {
  const strides = stridesOf(shape);
  const added = target.length - shape.length;
  return target.map((_size, axis) => (axis < added || shape[axis - added] === 1 ? 0 : (strides[axis - added] ?? 0)));
}

/** A kernel that applies `f` to the operands' elements under broadcasting. */
export function elementwise(f: (elements: readonly number[]) => number): Kernel {
  return (inputs) => {
    const shape = inputs.reduce<readonly number[]>((all, { shape }) => broadcastShapes(all, shape) ?? [], []);
    const read = inputs.map(({ shape: own, data }) => {
      if (sameShape(own, shape)) return data;
      const expanded = new Float64Array(sizeOf(shape));
      mapIndices(shape, broadcastStrides(own, shape), (offset, source) => {
        expanded[offset] = data[source] ?? 0;
      });
      return expanded;
    });
    const output = fill(shape, 0);
    // One array of operands for all elements: a fresh one each would be most of the work.
    const elements = read.map(() => 0);
    for (let offset = 0; offset < output.data.length; offset++) {
      for (let operand = 0; operand < read.length; operand++) elements[operand] = read[operand]?.[offset] ?? 0;
      output.data[offset] = f(elements);
    }
    return [output];
  };
}

/** Applies `f` to each row of the last axis. */
export function rowsOf(input: Reference, f: (row: Float64Array) => Float64Array): Reference {
  const width = input.shape.at(-1) ?? 1;
  const output = fill(input.shape, 0);
  for (let start = 0; start < input.data.length; start += width)
    output.data.set(f(input.data.subarray(start, start + width)), start);
  return output;
}
