/** A tensor source over positions in open files: the part safetensors, GGUF and llama2.c readers share. */
import { FormatError } from "../errors.ts";
import type { Codec } from "./codec.ts";
import { allocate, type RandomAccessFile } from "./random-access-file.ts";
import { elementCount, type MetadataValue, type TensorInfo, type TensorSource } from "./tensor.ts";

/** Raw bytes are decoded in pieces of about this size, so that a tensor is never in memory twice. */
const PIECE_BYTES = 2 ** 20;

/** Where a tensor lies and how it becomes numbers. */
export interface StoredTensor {
  readonly info: TensorInfo;
  readonly file: RandomAccessFile;
  /** Byte position in the file. */
  readonly position: number;
  /** Absent where the dtype is unknown. */
  readonly codec: Codec | undefined;
}

/** Tensors by name; owns the files and closes them. */
export class StoredTensors implements TensorSource {
  readonly path: string;
  readonly metadata: ReadonlyMap<string, MetadataValue>;
  /** The open files, for a source made of several. */
  readonly files: readonly RandomAccessFile[];
  readonly #tensors: ReadonlyMap<string, StoredTensor>;

  constructor(
    path: string,
    files: readonly RandomAccessFile[],
    tensors: ReadonlyMap<string, StoredTensor>,
    metadata: ReadonlyMap<string, MetadataValue>,
  ) {
    this.path = path;
    this.metadata = metadata;
    this.files = files;
    this.#tensors = tensors;
  }

  names(): readonly string[] {
    return [...this.#tensors.keys()];
  }

  has(name: string): boolean {
    return this.#tensors.has(name);
  }

  info(name: string): TensorInfo {
    return this.stored(name).info;
  }

  readRaw(name: string): Uint8Array<ArrayBuffer> {
    const { file, position, info } = this.stored(name);
    return file.read(position, info.bytes);
  }

  readFloat32(name: string): Float32Array<ArrayBuffer> {
    const { info, file, position, codec } = this.stored(name);
    const decode = codec?.decode;
    if (codec === undefined || decode === undefined) {
      throw new FormatError(file.path, `tensor "${name}" is ${info.dtype}, which cannot be read as float32`);
    }
    const count = elementCount(info.shape);
    const target = new Float32Array(allocate(file.path, count * 4).buffer);
    if (info.dtype === "F32") {
      file.readInto(new Uint8Array(target.buffer), position);
    } else {
      const blocks = Math.min(Math.max(1, Math.floor(PIECE_BYTES / codec.bytes)), count / codec.elements);
      const scratch = allocate(file.path, blocks * codec.bytes);
      for (let first = 0; first < count; first += blocks * codec.elements) {
        const values = target.subarray(first, first + blocks * codec.elements);
        const piece = scratch.subarray(0, (values.length / codec.elements) * codec.bytes);
        file.readInto(piece, position + (first / codec.elements) * codec.bytes);
        decode(piece, values);
      }
    }
    return target;
  }

  close(): void {
    for (const file of this.files) file.close();
  }

  /** The tensor's place, for a source made of several; throws `FormatError` for a name the file lacks. */
  stored(name: string): StoredTensor {
    const tensor = this.#tensors.get(name);
    if (tensor === undefined) throw new FormatError(this.path, `has no tensor "${name}"`);
    return tensor;
  }
}
