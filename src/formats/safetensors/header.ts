/** The JSON header of a safetensors file, read strictly. */
import { FormatError } from "../../errors.ts";
import { plainCodecs } from "../codec.ts";
import type { RandomAccessFile } from "../random-access-file.ts";
import { isRecord, parseStrictJson } from "../strict-json.ts";
import { checkedElementCount, type TensorInfo } from "../tensor.ts";

/**
 * Ceiling on a header in bytes. The largest published ones (some 50,000 expert tensors of ~150 bytes each) stay below
 * 10 MB a shard; parsing 25 MB of the worst JSON stays within a few hundred MB of memory.
 */
export const MAXIMUM_HEADER_BYTES = 25_000_000;

/** A tensor of the header with its byte position in the file. */
export interface HeaderTensor {
  readonly info: TensorInfo;
  readonly position: number;
}

/** What a header says: tensors in the order of their data. */
export interface Header {
  readonly metadata: ReadonlyMap<string, string>;
  readonly tensors: readonly HeaderTensor[];
}

/**
 * Reads and checks the header: its size, JSON with unique keys, natural shapes, byte ranges that match dtype and shape and
 * tile the rest of the file without hole or overlap. A dtype this program does not know is kept, its size unchecked.
 */
export function readHeader(file: RandomAccessFile): Header {
  if (file.size < 8) {
    throw new FormatError(file.path, `has ${file.size} bytes, too few for a safetensors file; it is truncated`);
  }
  const length = new DataView(file.read(0, 8).buffer).getBigUint64(0, true);
  if (length > BigInt(MAXIMUM_HEADER_BYTES)) {
    throw new FormatError(
      file.path,
      `declares a header of ${length} bytes, above the ceiling of ${MAXIMUM_HEADER_BYTES}; is it a safetensors file?`,
    );
  }
  const dataStart = 8 + Number(length);
  const header = parseStrictJson(file.path, utf8(file, file.read(8, Number(length))));
  if (!isRecord(header)) throw new FormatError(file.path, "its header is not a JSON object");

  const tensors: HeaderTensor[] = [];
  let metadata: ReadonlyMap<string, string> = new Map();
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") metadata = readMetadata(file.path, entry);
    else tensors.push(readEntry(file.path, name, entry, dataStart));
  }
  // Empty tensors share a position with their successor, so size breaks the tie.
  tensors.sort((a, b) => a.position - b.position || a.info.bytes - b.info.bytes);
  checkTiling(file, tensors, dataStart);
  return { metadata, tensors };
}

function utf8(file: RandomAccessFile, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new FormatError(file.path, "its header is not valid UTF-8; is it a safetensors file?", { cause });
  }
}

function readMetadata(path: string, entry: unknown): ReadonlyMap<string, string> {
  const metadata = new Map<string, string>();
  if (!isRecord(entry)) throw new FormatError(path, "__metadata__ is not an object of strings");
  for (const [key, value] of Object.entries(entry)) {
    if (typeof value !== "string") throw new FormatError(path, `__metadata__ key "${key}" is not a string`);
    metadata.set(key, value);
  }
  return metadata;
}

function readEntry(path: string, name: string, entry: unknown, dataStart: number): HeaderTensor {
  const fail = (problem: string) => new FormatError(path, `tensor "${name}" ${problem}`);
  if (!isRecord(entry)) throw fail("is not described by an object");
  const { dtype, shape, data_offsets: offsets, ...others } = entry;
  const [stray] = Object.keys(others);
  if (stray !== undefined) throw fail(`has an unknown field "${stray}"`);
  if (typeof dtype !== "string") throw fail("has no dtype");
  if (!isNaturals(shape)) throw fail("has a shape that is not a list of natural numbers");
  if (!isNaturals(offsets) || offsets.length !== 2) throw fail("has data_offsets that are not two natural numbers");
  const [begin = 0, end = 0] = offsets;
  if (end < begin) throw fail(`ends at byte ${end}, before it begins at ${begin}`);
  const count = checkedElementCount(shape);
  if (count === undefined) throw fail(`has a shape too large to count, [${shape}]`);
  const size = plainCodecs.get(dtype)?.bytes;
  if (size !== undefined && end - begin !== count * size) {
    throw fail(`occupies ${end - begin} bytes, but ${dtype} of shape [${shape}] takes ${count * size}`);
  }
  return { info: { name, dtype, shape, bytes: end - begin }, position: dataStart + begin };
}

function isNaturals(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

function checkTiling(file: RandomAccessFile, tensors: readonly HeaderTensor[], dataStart: number): void {
  let next = dataStart;
  for (const { info, position } of tensors) {
    if (position !== next) {
      const fault = position < next ? "overlaps the tensor before it" : "leaves a hole before it";
      throw new FormatError(file.path, `tensor "${info.name}" ${fault} (byte ${position}, expected ${next})`);
    }
    next = position + info.bytes;
  }
  if (next > file.size) {
    throw new FormatError(file.path, `its tensors end at byte ${next}, but the file has ${file.size}; it is truncated`);
  }
  if (next < file.size) {
    throw new FormatError(file.path, `has ${file.size - next} bytes that belong to no tensor, from byte ${next} on`);
  }
}
