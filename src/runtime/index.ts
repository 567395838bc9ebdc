/** The runtime room's public face: engines and tensors. */
export { Buffers } from "./buffers.ts";
export { type Engine, type Executable, MemoryAccount, peakProcessMemory, type Tensors } from "./engine.ts";
export { createEngine, type EngineOptions } from "./onnxruntime.ts";
export { withMemory } from "./process-memory.ts";
export {
  bytesHeld,
  type FloatTensor,
  floats,
  floatsOf,
  indices,
  memoryOf,
  type Tensor,
  type TensorData,
  zeros,
} from "./tensor.ts";
