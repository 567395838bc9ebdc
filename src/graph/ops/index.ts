/** Every operation of the graph: the algebra that models, mixers and gradient rules are written in. */
export { type CausalAttentionAttributes, causalAttention } from "./attention.ts";
export { add, divide, maximum, minimum, multiply, type Operand, power, quotient, subtract } from "./binary.ts";
export type { Body } from "./body.ts";
export { type CachedAttentionAttributes, type CachedAttentionResult, cachedAttention } from "./cached-attention.ts";
export { and, type CastAttributes, cast, equal, greater, less, not, or, where } from "./compare.ts";
export { type LongConvolutionAttributes, longConvolution } from "./convolution.ts";
export { type AddRowsAttributes, addRows, pick, rows } from "./gather.ts";
export { type GradientRule, stopGradient, withGradient } from "./gradient-rules.ts";
export {
  type FusedGates,
  gatedLinearAttention,
  type LinearAttentionResult,
  linearAttention,
} from "./linear-attention.ts";
export { type LinearScanAttributes, type LinearScanOptions, type LinearScanResult, linearScan } from "./linear-scan.ts";
export { type MatmulAttributes, type MatmulOptions, matmul } from "./matmul.ts";
export { layerNorm, type NormAttributes, rmsNorm } from "./normalize.ts";
export { type QuantizedMatrix, quantizedMatmul } from "./quantized.ts";
export {
  type CumulativeAttributes,
  cumulativeSum,
  max,
  mean,
  type ReduceAttributes,
  sum,
  sumTo,
} from "./reduce.ts";
export { rotary } from "./rotary.ts";
export { type ScanAttributes, type ScanOptions, type ScanResult, type ScanStep, scan } from "./scan.ts";
export {
  type AxisAttributes,
  broadcastTo,
  type ConcatAttributes,
  concat,
  type PadAttributes,
  pad,
  reshape,
  reverse,
  type ShapeAttributes,
  type SliceAttributes,
  slice,
  type TransposeAttributes,
  transpose,
} from "./shape.ts";
export { logSoftmax, softmax } from "./softmax.ts";
export {
  type ConstantAttributes,
  type ConstantData,
  constant,
  type InputAttributes,
  input,
  integers,
  mask,
  numbers,
  scalar,
} from "./source.ts";
export { type SplitAttributes, split } from "./split.ts";
export { type TopAttributes, topIndices } from "./top.ts";
export {
  absolute,
  cos,
  erf,
  exp,
  gelu,
  geluTanh,
  log,
  negate,
  reciprocal,
  relu,
  round,
  sigmoid,
  silu,
  sin,
  softplus,
  sqrt,
  tanh,
} from "./unary.ts";
