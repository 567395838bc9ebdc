/** Convolutions as long as the sequence, by Fourier transforms. */
import type { Emitter } from "../onnx/emitter.ts";
import { broadcastShapes, dimension, formatShape, type Shape, sameShape } from "../type.ts";
import { applyOne, inputOf, type Operation, requireDType, type Value } from "../value.ts";

/** Attributes of `longConvolution`. */
export interface LongConvolutionAttributes {
  /** Read ahead instead of back: the adjoint. */
  readonly ahead: boolean;
}

/** A power of two into which a sequence fits twice, so that its end does not reach its beginning. */
function transformed(length: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(2, 2 * length - 1)));
}

function scalarInteger(emitter: Emitter, value: number): string {
  const name = emitter.temporary();
  emitter.node("Squeeze", [emitter.integers([value])], [name]);
  return name;
}

/** Real and imaginary parts `[…, frequencies, channels, 1]` of a sequence `[…, length, channels]`. */
function spectrum(emitter: Emitter, name: string, shape: Shape): [real: string, imaginary: string] {
  const [complex, frequencies] = [emitter.temporary(), emitter.temporary()];
  emitter.node("Unsqueeze", [name, emitter.integers([-1])], [complex]);
  const [size, axis] = [transformed(dimension(shape, -2)), shape.length - 2];
  emitter.node("DFT", [complex, scalarInteger(emitter, size), scalarInteger(emitter, axis)], [frequencies], {
    onesided: 1,
  });
  const parts: [string, string] = [emitter.temporary(), emitter.temporary()];
  emitter.node("Split", [frequencies, emitter.integers([1, 1])], parts, { axis: -1 });
  return parts;
}

const longOperation: Operation<LongConvolutionAttributes> = {
  name: "longConvolution",
  costly: () => true,
  infer: (inputs) => {
    const [x, filter] = [inputOf({ inputs }, 0), inputOf({ inputs }, 1)];
    for (const value of inputs) requireDType(value, "float32");
    const common = broadcastShapes(x.shape, filter.shape);
    const fits = common !== undefined && sameShape(common, x.shape) && x.shape.length === filter.shape.length;
    if (!fits || x.shape.length < 2 || x.shape.at(-2) !== filter.shape.at(-2))
      throw new Error(`a filter ${formatShape(filter.shape)} does not fit a sequence ${formatShape(x.shape)}`);
    return [x];
  },
  gradient: ({ inputs, gradient, attributes: { ahead } }, g) => {
    const [x, filter] = [inputOf({ inputs }, 0), inputOf({ inputs }, 1)];
    const forFilter = ahead
      ? g.longConvolution(x, gradient, { ahead: true })
      : g.longConvolution(gradient, x, { ahead: true });
    return [g.longConvolution(gradient, filter, { ahead: !ahead }), g.sumTo(forFilter, filter.shape)];
  },
  emit: (emitter, node, { ahead }) => {
    const { shape } = inputOf(node, 0);
    const [x = "", filter = ""] = emitter.inputs(node);
    const [length, axis] = [dimension(shape, -2), shape.length - 2];
    const binary = (type: string, a: string, b: string) => {
      const name = emitter.temporary();
      emitter.node(type, [a, b], [name]);
      return name;
    };
    const [real, imaginary] = spectrum(emitter, x, shape);
    const [filterReal, filterImaginary] = spectrum(emitter, filter, inputOf(node, 1).shape);
    const [rr, ii] = [binary("Mul", real, filterReal), binary("Mul", imaginary, filterImaginary)];
    const [ri, ir] = [binary("Mul", real, filterImaginary), binary("Mul", imaginary, filterReal)];
    // The conjugate of the filter's spectrum reads ahead.
    const parts = [binary(ahead ? "Add" : "Sub", rr, ii), binary(ahead ? "Sub" : "Add", ir, ri)];
    const [product, whole, kept] = [emitter.temporary(), emitter.temporary(), emitter.temporary()];
    emitter.node("Concat", parts, [product], { axis: -1 });
    const size = scalarInteger(emitter, transformed(length));
    emitter.node("DFT", [product, size, scalarInteger(emitter, axis)], [whole], { inverse: 1, onesided: 1 });
    const bounds = [[0], [length], [axis]].map((values) => emitter.integers(values));
    emitter.node("Slice", [whole, ...bounds], [kept]);
    emitter.node("Squeeze", [kept, emitter.integers([-1])], emitter.outputs(node));
  },
};

/**
 * y_t = Σ_{s ≤ t} filter_s x_{t−s} over the whole sequence, in O(length · log length): x `[…, length, channels]`, a filter
 * for each channel `[…, length, channels]`, of which any dimension but the length may be 1. With `ahead`,
 * y_t = Σ_s filter_s x_{t+s} as far as the sequence goes.
 */
export function longConvolution(x: Value, filter: Value, options: Partial<LongConvolutionAttributes> = {}): Value {
  return applyOne(longOperation, [x, filter], { ahead: options.ahead ?? false });
}
