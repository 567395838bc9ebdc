/** Tensors in memory as a file's. */
import type { TensorSource } from "../../src/formats/tensor.ts";
import type { Weight } from "../../src/model/weights.ts";

/** Tensors by their names. */
export type StoredValues = ReadonlyMap<string, Weight>;

/** A source of these tensors. */
export function memoryTensors(file: StoredValues): TensorSource {
  const of = (name: string): Weight => {
    const found = file.get(name);
    if (found === undefined) throw new Error(`no tensor "${name}"`);
    return found;
  };
  return {
    path: "FILE",
    metadata: new Map(),
    names: () => [...file.keys()],
    has: (name) => file.has(name),
    info: (name) => ({ name, dtype: "F32", shape: of(name).shape, bytes: of(name).data.byteLength }),
    readFloat32: (name) => of(name).data.slice(),
    readRaw: (name) => new Uint8Array(of(name).data.slice().buffer),
    close: () => {},
  };
}
