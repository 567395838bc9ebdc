/**
 * GGUF files, versions 2 and 3, little-endian, read strictly. The parser is our own because the published ones trust the
 * file: `@huggingface/gguf` pads a truncated file with zeros and reads on, lets repeated keys overwrite each other, knows
 * no block sizes and so checks no tensor's place, and rereads from the start of a value as its window grows.
 */
import { FormatError } from "../../errors.ts";
import { openOrClose, type RandomAccessFile } from "../random-access-file.ts";
import { type StoredTensor, StoredTensors } from "../stored-tensors.ts";
import { checkedElementCount, type MetadataValue, type TensorSource } from "../tensor.ts";
import { Cursor } from "./cursor.ts";
import { readMetadata } from "./metadata.ts";
import { ggmlTypes } from "./types.ts";

/** Ceiling on tensors: the largest models have a few thousand. */
const MAXIMUM_TENSORS = 2 ** 18;
/** ggml has four dimensions. */
const MAXIMUM_DIMENSIONS = 4;
/** Ceiling on `general.alignment`: no device asks for more than a page or two. */
const MAXIMUM_ALIGNMENT = 2 ** 20;
const DEFAULT_ALIGNMENT = 32;
const MAGIC = 0x46554747;

/**
 * Opens a GGUF file. Shapes are row-major (ggml's sizes reversed), rows as stored: whether an architecture interleaves its
 * query and key rows is the caller's to know. Metadata keys are GGUF's own. As in llama.cpp, the
 * tensors' data must follow each other with padding to the alignment only. Throws `FormatError` for anything else.
 */
export function openGguf(path: string): TensorSource {
  return openOrClose(path, (file) => {
    const cursor = new Cursor(file);
    checkPreamble(cursor);
    const tensorCount = cursor.count("the number of tensors");
    const keyCount = cursor.count("the number of metadata keys");
    if (tensorCount > MAXIMUM_TENSORS) {
      throw new FormatError(path, `declares ${tensorCount} tensors; at most ${MAXIMUM_TENSORS} are read`);
    }
    const metadata = readMetadata(cursor, keyCount);
    checkWhole(path, metadata);
    const declared: Declared[] = [];
    for (let i = 0; i < tensorCount; i++) declared.push(readDeclaration(cursor, i));
    return new StoredTensors(
      path,
      [file],
      placeTensors(file, cursor.position, declared, alignment(path, metadata)),
      metadata,
    );
  });
}

function checkPreamble(cursor: Cursor): void {
  const { path } = cursor.file;
  if (cursor.uint32("the magic number") !== MAGIC)
    throw new FormatError(path, `is no GGUF file: it does not begin with "GGUF"`);
  const version = cursor.uint32("the version");
  if ((version & 0xffff) === 0 && version !== 0) {
    throw new FormatError(path, "is a big-endian GGUF file; convert it to little-endian (gguf_convert_endian.py)");
  }
  if (version !== 2 && version !== 3) {
    throw new FormatError(path, `is GGUF version ${version}; versions 2 and 3 are read, so convert the model again`);
  }
}

function checkWhole(path: string, metadata: ReadonlyMap<string, MetadataValue>): void {
  const parts = metadata.get("split.count");
  if (typeof parts === "number" && parts > 1) {
    throw new FormatError(
      path,
      `is one of ${parts} parts of a split model; merge them first (llama-gguf-split --merge)`,
    );
  }
}

function alignment(path: string, metadata: ReadonlyMap<string, MetadataValue>): number {
  const value = metadata.get("general.alignment") ?? DEFAULT_ALIGNMENT;
  const valid =
    typeof value === "number" && Number.isInteger(Math.log2(value)) && value >= 1 && value <= MAXIMUM_ALIGNMENT;
  if (!valid)
    throw new FormatError(path, `general.alignment is ${value}, not a power of two up to ${MAXIMUM_ALIGNMENT}`);
  return value;
}

/** A tensor as the header declares it, its offset relative to the data. */
interface Declared extends Pick<StoredTensor, "info" | "codec"> {
  readonly offset: number;
}

function readDeclaration(cursor: Cursor, index: number): Declared {
  const { path } = cursor.file;
  const name = cursor.string(`the name of tensor ${index}`);
  const what = `tensor "${name}"`;
  const dimensions = cursor.uint32(`the dimensions of ${what}`);
  if (dimensions > MAXIMUM_DIMENSIONS) {
    throw new FormatError(path, `${what} has ${dimensions} dimensions; ggml has at most ${MAXIMUM_DIMENSIONS}`);
  }
  const sizes: number[] = [];
  for (let i = 0; i < dimensions; i++) sizes.push(cursor.count(`size ${i} of ${what}`));
  const number = cursor.uint32(`the type of ${what}`);
  const offset = cursor.count(`the offset of ${what}`);

  const type = ggmlTypes.get(number);
  if (type === undefined) throw new FormatError(path, `${what} has the unknown type ${number}`);
  const { name: dtype, codec } = type;
  const count = checkedElementCount(sizes);
  if (count === undefined) throw new FormatError(path, `${what} has sizes too large to count, [${sizes}]`);
  if ((sizes[0] ?? 1) % codec.elements !== 0) {
    throw new FormatError(
      path,
      `${what} has rows of ${sizes[0] ?? 1}, no multiple of ${dtype}'s blocks of ${codec.elements}`,
    );
  }
  const bytes = (count / codec.elements) * codec.bytes;
  return { info: { name, dtype, shape: sizes.toReversed(), bytes }, codec, offset };
}

function placeTensors(
  file: RandomAccessFile,
  headerEnd: number,
  declared: readonly Declared[],
  alignedTo: number,
): Map<string, StoredTensor> {
  const align = (position: number) => Math.ceil(position / alignedTo) * alignedTo;
  const start = align(headerEnd);
  const tensors = new Map<string, StoredTensor>();
  let expected = 0;
  let end = headerEnd;
  for (const { info, codec, offset } of declared) {
    if (tensors.has(info.name)) throw new FormatError(file.path, `tensor "${info.name}" occurs twice`);
    if (offset !== expected) {
      throw new FormatError(file.path, `tensor "${info.name}" begins at offset ${offset}, expected ${expected}`);
    }
    end = start + offset + info.bytes;
    if (end > file.size) {
      throw new FormatError(
        file.path,
        `tensor "${info.name}" ends at byte ${end}, but the file has ${file.size}; it is truncated or damaged`,
      );
    }
    expected = align(offset + info.bytes);
    tensors.set(info.name, { info, file, position: start + offset, codec });
  }
  if (align(end) < file.size) {
    throw new FormatError(file.path, `has ${file.size - end} bytes that belong to no tensor, from byte ${end} on`);
  }
  return tensors;
}
