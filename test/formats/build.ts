/** Builds small tensor files byte by byte from the formats' descriptions, with the place of each header field noted. */

/** A header field's place, for faults to aim at. */
export interface Field {
  readonly kind: string;
  readonly position: number;
  readonly bytes: number;
}

/** A built file. */
export interface Built {
  readonly bytes: Buffer;
  readonly fields: readonly Field[];
}

/** A safetensors file from any header text or object. */
export function buildSafetensors(header: unknown, data: Uint8Array): Buffer {
  const json = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, data]);
}

class Writer {
  readonly parts: Buffer[] = [];
  readonly fields: Field[] = [];
  position = 0;

  raw(bytes: Uint8Array, kind?: string): void {
    if (kind !== undefined) this.fields.push({ kind, position: this.position, bytes: bytes.length });
    this.parts.push(Buffer.from(bytes));
    this.position += bytes.length;
  }

  uint32(value: number, kind?: string): void {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    this.raw(bytes, kind);
  }

  uint64(value: number, kind?: string): void {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt(value));
    this.raw(bytes, kind);
  }

  string(value: string, kind?: string): void {
    const bytes = Buffer.from(value);
    this.uint64(bytes.length, kind);
    this.raw(bytes);
  }

  pad(alignment: number): void {
    this.raw(Buffer.alloc(Math.ceil(this.position / alignment) * alignment - this.position));
  }

  built(): Built {
    return { bytes: Buffer.concat(this.parts), fields: this.fields };
  }
}

/** A metadata value by GGUF's type number; `element` for arrays (type 9). */
export interface GgufValue {
  readonly key: string;
  readonly type: number;
  readonly value: string | Uint8Array;
  readonly element?: number;
  readonly length?: number;
}

/** A tensor with ggml's sizes (fastest first) and stored bytes. */
export interface GgufTensor {
  readonly name: string;
  readonly sizes: readonly number[];
  readonly type: number;
  readonly data: Uint8Array;
}

/** A GGUF file. */
export function buildGguf(
  values: readonly GgufValue[],
  tensors: readonly GgufTensor[],
  alignment = 32,
  version = 3,
): Built {
  const writer = new Writer();
  writer.raw(Buffer.from("GGUF"), "magic");
  writer.uint32(version, "version");
  writer.uint64(tensors.length, "tensor count");
  writer.uint64(values.length, "key count");
  for (const { key, type, value, element, length } of values) {
    writer.string(key, "key length");
    writer.uint32(type, "value type");
    if (type === 9) {
      writer.uint32(element ?? 0, "element type");
      writer.uint64(length ?? 0, "array length");
    }
    if (typeof value === "string") writer.string(value, "string length");
    else writer.raw(value);
  }
  let offset = 0;
  for (const { name, sizes, type, data } of tensors) {
    writer.string(name, "name length");
    writer.uint32(sizes.length, "dimensions");
    for (const size of sizes) writer.uint64(size, "size");
    writer.uint32(type, "tensor type");
    writer.uint64(offset, "offset");
    offset = Math.ceil((offset + data.length) / alignment) * alignment;
  }
  for (const { data } of tensors) {
    writer.pad(alignment);
    writer.raw(data);
  }
  writer.pad(alignment);
  return writer.built();
}

/** Strings as GGUF array content. */
export function ggufStrings(strings: readonly string[]): Uint8Array {
  const writer = new Writer();
  for (const string of strings) writer.string(string);
  return writer.built().bytes;
}

/** Header of a llama2.c model: dim, hidden, layers, heads, key/value heads, vocabulary (v0: negative if untied), context. */
export type Llama2cHeader = readonly [number, number, number, number, number, number, number];

/** A llama2.c file of `bodyBytes` bytes behind its header. */
export function buildLlama2c(
  version: 0 | 1 | 2,
  header: Llama2cHeader,
  body: Uint8Array,
  shared = 1,
  group = 4,
): Built {
  const names = ["dim", "hidden", "layers", "heads", "key/value heads", "vocabulary", "context"];
  const writer = new Writer();
  if (version > 0) {
    writer.raw(Buffer.from("24ka"), "magic");
    writer.uint32(version, "version");
  }
  for (const [i, value] of header.entries()) {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(value);
    writer.raw(bytes, names[i]);
  }
  if (version > 0) {
    writer.raw(Uint8Array.of(shared), "shared");
    if (version === 2) writer.uint32(group, "group");
    writer.pad(256);
  }
  writer.raw(body);
  return writer.built();
}
