/** The interpreter's long convolution: the sum itself. */
import { type LongConvolutionAttributes, sizeOf } from "../../graph/index.ts";
import { broadcastStrides, fill, type Kernel, mapIndices, take } from "./loops.ts";

/** y_t = Σ filter_s x_{t−s}, or x_{t+s} where it reads ahead. */
export const longConvolution: Kernel = (inputs, attributes) => {
  const { ahead } = attributes as LongConvolutionAttributes;
  const [x, filter] = [take(inputs[0]), take(inputs[1])];
  const [length = 0, channels = 0] = x.shape.slice(-2);
  const factors = fill(x.shape, 0);
  mapIndices(x.shape, broadcastStrides(filter.shape, x.shape), (offset, source) => {
    factors.data[offset] = filter.data[source] ?? 0;
  });
  const output = fill(x.shape, 0);
  for (let start = 0; start < sizeOf(x.shape); start += length * channels) {
    for (let offset = 0; offset < length * channels; offset++) {
      const [t, channel] = [Math.floor(offset / channels), offset % channels];
      let total = 0;
      for (let s = 0; s < (ahead ? length - t : t + 1); s++) {
        const read = start + (ahead ? t + s : t - s) * channels + channel;
        total += (factors.data[start + s * channels + channel] ?? 0) * (x.data[read] ?? 0);
      }
      output.data[start + offset] = total;
    }
  }
  return [output];
};
