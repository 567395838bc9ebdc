/** The list of files of one commit: checked where it comes from, and which of them a model needs. */
import { HubError } from "./errors.ts";

/** One file of a commit as the hub describes it. */
export interface TreeFile {
  /** Bytes of the file itself (not of its LFS pointer). */
  readonly size: number;
  /** Git's SHA-1 of the blob; for an LFS file, of its pointer. */
  readonly blobId: string;
  /** SHA-256 of the content, for LFS files. */
  readonly sha256: string | undefined;
  /** The storage backend's own hash, kept for the Python tools that share the cache. */
  readonly xetHash: string | undefined;
}

/** Files by their path inside the repository. */
export type Tree = ReadonlyMap<string, TreeFile>;

const MAXIMUM_FILES = 100_000; // far above any model repository, below what would exhaust memory
const SMALL_FILE = 64 * 2 ** 20; // tokenizers reach 35 MB; text files beyond this are not what they claim

/** The name a blob has in the cache: SHA-256 for LFS files, git's SHA-1 for the others. */
export function blobName(file: TreeFile): string {
  return file.sha256 ?? file.blobId;
}

/**
 * Checks a listing before any of its names or hashes becomes part of a path.
 * @throws HubError of kind `unsafe` for a path or hash that could lead out of the cache.
 */
export function checkTree(repository: string, files: Iterable<readonly [string, TreeFile]>): Tree {
  const tree = new Map<string, TreeFile>();
  for (const [path, file] of files) {
    if (!isSafePath(path)) {
      throw new HubError(
        "unsafe",
        `${repository}: the server lists a file named ${JSON.stringify(path)}, which could be written outside the cache; nothing was downloaded`,
      );
    }
    const hashes = /^[0-9a-f]{40}$/.test(file.blobId) && /^[0-9a-f]{64}$/.test(file.sha256 ?? "0".repeat(64));
    if (!hashes || !Number.isSafeInteger(file.size) || file.size < 0) {
      throw new HubError(
        "unsafe",
        `${repository}: the server's description of ${path} has a malformed hash or size; nothing was downloaded`,
      );
    }
    tree.set(path, file);
    if (tree.size > MAXIMUM_FILES) {
      throw new HubError("unsafe", `${repository}: the server lists more than ${MAXIMUM_FILES} files`);
    }
  }
  return tree;
}

/** A relative path that stays below its root under both POSIX's and Windows' rules. */
export function isSafePath(path: string): boolean {
  if (path === "" || path.length > 1024 || path.includes("\0")) return false;
  return path.split(/[/\\]/).every((part) => part !== "" && part !== "." && part !== ".." && !/^[a-zA-Z]:/.test(part));
}

/**
 * The paths of a commit that a model is read from: configuration, tokenizer, chat template, safetensors weights, and
 * the licence to be carried over. Never pickled weights, and nothing below the root folder.
 * @throws HubError of kind `unsupported` where there are no safetensors weights or no configuration.
 */
export function selectFiles(repository: string, tree: Tree): string[] {
  const root = [...tree.keys()].filter((path) => !path.includes("/"));
  const texts = root.filter((path) =>
    /^(config|generation_config|special_tokens_map)\.json$|^(tokenizer|chat_template)/.test(path),
  );
  const licence = root.filter((path) => /^(LICENSE|LICENCE|README\.md)/i.test(path));
  const weights = root.filter((path) => path.endsWith(".safetensors"));
  const model = weights.filter((path) => /^model(-\d+-of-\d+)?\.safetensors$/.test(path));
  const indexes = root.filter((path) => path === "model.safetensors.index.json");
  if (weights.length === 0) throw new HubError("unsupported", `${repository}: ${noWeights([...tree.keys()])}`);
  if (!texts.includes("config.json")) {
    throw new HubError("unsupported", `${repository}: has no config.json, so it is not a model in Hugging Face layout`);
  }
  const selected = [...texts, ...licence, ...indexes].filter((path) => (tree.get(path)?.size ?? 0) <= SMALL_FILE);
  return [...selected, ...(model.length > 0 ? model : weights)].sort();
}

function noWeights(paths: string[]): string {
  const gguf = paths.filter((path) => path.endsWith(".gguf"));
  if (gguf.length > 0) {
    return `holds GGUF files but no safetensors weights; download one (for instance ${gguf[0]}) and pass its path`;
  }
  const pickle = paths.find((path) => /\.(bin|pt|pth|ckpt)$/.test(path));
  if (pickle !== undefined) {
    return `holds only pickled weights (${pickle}), which can run code when opened and are never read; look for a safetensors revision such as refs/pr/1, or convert it`;
  }
  return "holds no safetensors weights";
}
