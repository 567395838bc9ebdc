/** Safetensors checkpoints: one file, an index with its shards, or the folder that holds either. */
import { existsSync, statSync } from "node:fs";
import { dirname, isAbsolute, join, normalize } from "node:path";
import { FormatError } from "../../errors.ts";
import { plainCodecs } from "../codec.ts";
import { openOrClose, RandomAccessFile } from "../random-access-file.ts";
import { type StoredTensor, StoredTensors } from "../stored-tensors.ts";
import { isRecord, parseStrictJson } from "../strict-json.ts";
import type { TensorSource } from "../tensor.ts";
import { MAXIMUM_HEADER_BYTES, readHeader } from "./header.ts";

/** Ceiling on an index in bytes: one line per tensor, as a header has, but for all shards together. */
export const MAXIMUM_INDEX_BYTES = 2 * MAXIMUM_HEADER_BYTES;
/** Ceiling on shards, all open at once; below the 1024 open files many systems allow (the largest models have ~200). */
export const MAXIMUM_SHARDS = 900;

/** The file name of an unsharded checkpoint in a Hugging Face folder. */
export const SINGLE_FILE = "model.safetensors";
/** The file name of a sharded checkpoint's index. */
export const INDEX_FILE = "model.safetensors.index.json";

/**
 * Opens `path`: a `.safetensors` file, a `.safetensors.index.json`, or a folder with `model.safetensors` or
 * `model.safetensors.index.json`. Throws `FormatError` for anything malformed, before any tensor is read.
 */
export function openSafetensors(path: string): TensorSource {
  if (existsSync(path) && statSync(path).isDirectory()) {
    if (existsSync(join(path, SINGLE_FILE))) return openSingle(join(path, SINGLE_FILE));
    if (existsSync(join(path, INDEX_FILE))) return openSharded(join(path, INDEX_FILE));
    throw new FormatError(path, `has neither ${SINGLE_FILE} nor ${INDEX_FILE}`);
  }
  return path.endsWith(".json") ? openSharded(path) : openSingle(path);
}

function openSingle(path: string): StoredTensors {
  return openOrClose(path, (file) => {
    const { metadata, tensors } = readHeader(file);
    const stored = new Map<string, StoredTensor>();
    for (const { info, position } of tensors) {
      stored.set(info.name, { info, file, position, codec: plainCodecs.get(info.dtype) });
    }
    return new StoredTensors(path, [file], stored, metadata);
  });
}

/** The index's `weight_map` and the shards must name exactly the same tensors. */
function openSharded(path: string): StoredTensors {
  const { weightMap, metadata } = readIndex(path);
  const shards = new Map<string, StoredTensors>();
  const files: RandomAccessFile[] = [];
  try {
    const stored = new Map<string, StoredTensor>();
    for (const [name, shardName] of weightMap) {
      const shardPath = join(dirname(path), shardName);
      const shard = shards.get(shardName) ?? openSingle(shardPath);
      shards.set(shardName, shard);
      if (!shard.has(name)) throw new FormatError(path, `places tensor "${name}" in ${shardName}, which lacks it`);
      stored.set(name, shard.stored(name));
    }
    for (const [shardName, shard] of shards) {
      const stray = shard.names().find((name) => weightMap.get(name) !== shardName);
      if (stray !== undefined) throw new FormatError(path, `does not list tensor "${stray}" of ${shardName}`);
      files.push(...shard.files);
    }
    return new StoredTensors(path, files, stored, metadata);
  } catch (error) {
    for (const shard of shards.values()) shard.close();
    throw error;
  }
}

interface Index {
  readonly weightMap: ReadonlyMap<string, string>;
  readonly metadata: ReadonlyMap<string, string | number | boolean>;
}

function readIndex(path: string): Index {
  const file = new RandomAccessFile(path);
  try {
    if (file.size > MAXIMUM_INDEX_BYTES) {
      throw new FormatError(path, `has ${file.size} bytes, above the ceiling of ${MAXIMUM_INDEX_BYTES} for an index`);
    }
    const index = parseStrictJson(path, new TextDecoder().decode(file.read(0, file.size)));
    if (!isRecord(index) || !isRecord(index.weight_map)) throw new FormatError(path, "has no weight_map object");
    const weightMap = new Map<string, string>();
    for (const [name, shard] of Object.entries(index.weight_map)) weightMap.set(name, shardFile(path, name, shard));
    const shards = new Set(weightMap.values()).size;
    if (shards === 0) throw new FormatError(path, "lists no tensor");
    if (shards > MAXIMUM_SHARDS)
      throw new FormatError(path, `names ${shards} shards; at most ${MAXIMUM_SHARDS} are read`);
    const metadata = new Map<string, string | number | boolean>();
    for (const [key, value] of Object.entries(isRecord(index.metadata) ? index.metadata : {})) {
      if (typeof value === "string" || typeof value === "number" || typeof value === "boolean")
        metadata.set(key, value);
    }
    return { weightMap, metadata };
  } finally {
    file.close();
  }
}

/** A shard's path relative to the index; one that would leave the index's folder is refused. */
function shardFile(path: string, name: string, shard: unknown): string {
  if (typeof shard !== "string" || shard === "") {
    throw new FormatError(path, `weight_map places tensor "${name}" in no file`);
  }
  const portable = shard.replaceAll("\\", "/");
  const leaves = isAbsolute(shard) || /^([a-z]:|\/)/i.test(portable) || portable.split("/").includes("..");
  if (leaves || shard.includes("\0")) {
    throw new FormatError(path, `weight_map names shard "${shard}", which lies outside the checkpoint's folder`);
  }
  return normalize(shard);
}
