/** One blob from the hub to the cache: resumed where it stopped, verified before it gets its name. */
import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { HubError, namedDiskError } from "./errors.ts";
import type { RepositoryFolder } from "./layout.ts";
import { withLock } from "./lock.ts";
import { type HubClient, networkError } from "./requests.ts";
import { blobName, type TreeFile } from "./tree.ts";

/** A file on its way: bytes on disk and bytes in all. */
export interface DownloadProgress {
  readonly file: string;
  readonly received: number;
  readonly total: number;
}

/** What to fetch and where to put it. */
export interface BlobRequest {
  readonly client: HubClient;
  readonly folder: RepositoryFolder;
  readonly repository: string;
  readonly commit: string;
  readonly path: string;
  readonly file: TreeFile;
  readonly onProgress?: ((event: DownloadProgress) => void) | undefined;
}

const ATTEMPTS_WITHOUT_PROGRESS = 4;
const FIRST_PAUSE = 300; // milliseconds, doubled after each attempt that brought nothing

/**
 * Fetches one blob unless the cache has it. Bytes gather in `<hash>.incomplete`, and only what has the listed size and
 * hash is renamed to its place, so that a blob under its name is always whole.
 * @throws HubError of kind `damaged` where the content does not match, besides `HubClient.request`'s and disk errors.
 */
export async function downloadBlob(request: BlobRequest): Promise<void> {
  const name = blobName(request.file);
  const target = request.folder.blob(name);
  await withLock(join(request.folder.locks, `${name}.subquad.lock`), async () => {
    if (await hasSize(target, request.file.size)) return;
    const incomplete = `${target}.incomplete`;
    try {
      await mkdir(dirname(target), { recursive: true });
      const resumed = (await sizeOf(incomplete)) > 0;
      let valid = await fetchInto(request, incomplete);
      // What an earlier run left behind may itself be damaged: one fresh start before giving up.
      if (!valid && resumed) valid = await fetchInto(request, incomplete);
      if (!valid) {
        throw new HubError(
          "damaged",
          `${request.repository}: ${request.path} arrived with a content other than the hub's listing promises (its hash differs), and was thrown away; try again, or another HF_ENDPOINT`,
        );
      }
      await rename(incomplete, target);
    } catch (error) {
      throw namedDiskError(error, target);
    }
  });
  request.onProgress?.({ file: request.path, received: request.file.size, total: request.file.size });
}

/** True where `path` (or what it links to) is a file of this size. */
export async function hasSize(path: string, size: number): Promise<boolean> {
  return (await sizeOf(path)) === size;
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    (status) => (status.isFile() ? status.size : -1),
    () => -1,
  );
}

/** Completes the file from where it stands; false (and the file is gone) where the result has the wrong hash. */
async function fetchInto(request: BlobRequest, incomplete: string): Promise<boolean> {
  const { size, sha256, blobId } = request.file;
  if ((await sizeOf(incomplete)) > size) await rm(incomplete);
  const handle = await open(incomplete, "a+");
  let digest: string;
  try {
    const transfer = new Transfer(request, handle, incomplete);
    await transfer.run();
    digest = transfer.digest();
  } finally {
    await handle.close();
  }
  if (digest === (sha256 ?? blobId)) return true;
  await rm(incomplete);
  return false;
}

/** The growing file with the hash of its bytes so far. */
class Transfer {
  readonly #request: BlobRequest;
  readonly #handle: FileHandle;
  readonly #path: string;
  #hash: Hash;
  #received = 0;

  constructor(request: BlobRequest, handle: FileHandle, path: string) {
    this.#request = request;
    this.#handle = handle;
    this.#path = path;
    this.#hash = this.#newHash();
  }

  digest(): string {
    return this.#hash.digest("hex");
  }

  async run(): Promise<void> {
    for await (const part of createReadStream(this.#path)) this.#count(part);
    for (let failures = 0; this.#received < this.#request.file.size; ) {
      const before = this.#received;
      try {
        await this.#attempt();
      } catch (error) {
        const passing = error instanceof HubError && (error.kind === "network" || error.kind === "server");
        failures = this.#received > before ? 0 : failures + 1;
        if (!passing || failures >= ATTEMPTS_WITHOUT_PROGRESS) throw error;
        await sleep(FIRST_PAUSE * 2 ** failures);
      }
    }
  }

  /** One request for the bytes that are still missing. */
  async #attempt(): Promise<void> {
    const { client, repository, commit, path, file } = this.#request;
    const url = client.fileUrl(repository, commit, path);
    const abort = new AbortController();
    // Compressed answers have no ranges and no known length.
    const headers = new Headers({ "accept-encoding": "identity" });
    if (this.#received > 0) headers.set("range", `bytes=${this.#received}-`);
    let watchdog = setTimeout(() => abort.abort(), client.timeout);
    try {
      const response = await client.request(repository, url, { headers, signal: abort.signal });
      if (response.status === 416 && this.#received === 0) {
        throw new HubError("damaged", `${repository}: the server has no bytes of ${path}`);
      }
      if (this.#received > 0 && !continuesAt(response, this.#received)) await this.#restart();
      if (response.status === 416) return await response.body?.cancel();
      for await (const part of response.body ?? []) {
        clearTimeout(watchdog);
        watchdog = setTimeout(() => abort.abort(), client.timeout);
        if (this.#received + part.length > file.size) {
          throw new HubError("damaged", `${repository}: ${path} is longer than the ${file.size} bytes the hub lists`);
        }
        await this.#handle.appendFile(part);
        this.#count(part);
      }
    } catch (error) {
      if (error instanceof HubError || isDiskError(error)) throw error;
      throw networkError(repository, url, error);
    } finally {
      clearTimeout(watchdog);
    }
    if (this.#received < file.size) {
      throw new HubError(
        "network",
        `${repository}: the connection ended after ${this.#received} of ${file.size} bytes of ${path}; run again to resume`,
      );
    }
  }

  #count(part: Uint8Array): void {
    this.#hash.update(part);
    this.#received += part.length;
    const { path, file, onProgress } = this.#request;
    onProgress?.({ file: path, received: this.#received, total: file.size });
  }

  /** A server without ranges sends everything again. */
  async #restart(): Promise<void> {
    await this.#handle.truncate(0);
    this.#hash = this.#newHash();
    this.#received = 0;
  }

  /** SHA-256 for LFS files; for the others git's hash of a blob, SHA-1 over a header with the size and the content. */
  #newHash(): Hash {
    const { sha256, size } = this.#request.file;
    return sha256 !== undefined ? createHash("sha256") : createHash("sha1").update(`blob ${size}\0`);
  }
}

function continuesAt(response: Response, offset: number): boolean {
  return response.status === 206 && (response.headers.get("content-range") ?? "").startsWith(`bytes ${offset}-`);
}

function isDiskError(error: unknown): boolean {
  return error instanceof Error && "syscall" in error && error.syscall === "write";
}
