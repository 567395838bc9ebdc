/** From `org/name[@revision]` to a local folder: the cache first, the network only for what it lacks. */
import { mkdir, readdir, readFile, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { type DownloadProgress, downloadBlob, hasSize } from "./download.ts";
import { type HubEnvironment, hubEnvironment } from "./environment.ts";
import { HubError } from "./errors.ts";
import {
  linkBlob,
  type RepositoryFolder,
  readReference,
  readTree,
  repositoryFolder,
  writeReference,
  writeTree,
} from "./layout.ts";
import { type HubReference, isCommitHash, parseHubReference } from "./reference.ts";
import { HubClient } from "./requests.ts";
import { blobName, selectFiles, type Tree } from "./tree.ts";

/** A model of the hub on the local disk. */
export interface ResolvedRepository extends HubReference {
  /** The commit the files belong to. */
  readonly commit: string;
  /** The snapshot's folder, in Hugging Face layout. */
  readonly folder: string;
}

/** How a name is resolved. */
export interface ResolveOptions {
  readonly environment?: HubEnvironment;
  readonly onProgress?: (event: DownloadProgress) => void;
  /** Ask the hub where a branch points now, even where the cache holds a complete snapshot of it. */
  readonly refresh?: boolean;
}

const PARALLEL_DOWNLOADS = 3; // a few connections fill a line; more only fight over it
const SPARE_DISK_BYTES = 64 * 2 ** 20;
const MAXIMUM_INDEX_BYTES = 64 * 2 ** 20;

/**
 * Makes a model of the hub available as a folder. A snapshot that is complete in the cache is used without opening a
 * connection; otherwise only the missing files are downloaded.
 * @throws HubError, whose `kind` tells offline, network, access, naming, disk and damage apart.
 */
export async function resolveRepository(
  name: string | HubReference,
  options: ResolveOptions = {},
): Promise<ResolvedRepository> {
  const reference = typeof name === "string" ? parseHubReference(name) : name;
  const environment = options.environment ?? hubEnvironment();
  const folder = repositoryFolder(environment.cacheFolder, reference.repository);
  const known = isCommitHash(reference.revision) ? reference.revision : await readReference(folder, reference.revision);
  const found = (commit: string): ResolvedRepository => ({ ...reference, commit, folder: folder.snapshot(commit) });

  const mayAsk = !environment.offline;
  if (known !== undefined && !(options.refresh === true && mayAsk && !isCommitHash(reference.revision))) {
    const tree = await readTree(folder, known);
    const missing = tree === undefined ? undefined : await missingFiles(reference, folder, known, tree);
    if (missing?.length === 0) return found(known);
    if (!mayAsk) {
      const lacking = missing ?? (await missingByStructure(folder.snapshot(known)));
      if (lacking.length === 0) return found(known);
      throw offlineError(reference, environment, lacking);
    }
  }
  if (!mayAsk) throw offlineError(reference, environment, []);

  const client = new HubClient(environment);
  try {
    const commit = await currentCommit(client, reference, known, options.refresh === true);
    const tree = (await readTree(folder, commit)) ?? (await client.listTree(reference.repository, commit));
    await fetchMissing(client, reference, folder, commit, tree, options);
    return found(commit);
  } catch (error) {
    // Without a network, what Python tools left in the cache will do if it is all there.
    const cut = error instanceof HubError && (error.kind === "network" || error.kind === "server");
    if (cut && known !== undefined && (await missingByStructure(folder.snapshot(known))).length === 0) {
      return found(known);
    }
    throw error;
  }
}

async function currentCommit(
  client: HubClient,
  reference: HubReference,
  known: string | undefined,
  refresh: boolean,
): Promise<string> {
  if (isCommitHash(reference.revision) || (known !== undefined && !refresh)) return known ?? reference.revision;
  return client.resolveCommit(reference);
}

async function fetchMissing(
  client: HubClient,
  reference: HubReference,
  folder: RepositoryFolder,
  commit: string,
  tree: Tree,
  options: ResolveOptions,
): Promise<void> {
  const missing = await missingFiles(reference, folder, commit, tree);
  await requireSpace(folder, missing, tree);
  await writeTree(folder, commit, tree);
  if (!isCommitHash(reference.revision)) await writeReference(folder, reference.revision, commit);
  const { onProgress } = options;
  const queue = missing.values();
  const failures: unknown[] = [];
  const work = async (): Promise<void> => {
    for (const path of queue) {
      const file = tree.get(path);
      if (file === undefined || failures.length > 0) continue;
      try {
        await downloadBlob({ client, folder, repository: reference.repository, commit, path, file, onProgress });
        await linkBlob(folder, commit, path, blobName(file));
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_DOWNLOADS }, work));
  if (failures.length > 0) throw failures[0];
}

/** The needed files of a snapshot that are absent or of the wrong size. */
async function missingFiles(
  reference: HubReference,
  folder: RepositoryFolder,
  commit: string,
  tree: Tree,
): Promise<string[]> {
  const needed = selectFiles(reference.repository, tree);
  const present = await Promise.all(
    needed.map((path) => hasSize(join(folder.snapshot(commit), path), tree.get(path)?.size ?? -1)),
  );
  return needed.filter((_, index) => !present[index]);
}

/** For a snapshot without a listing: what its own files say is missing. */
async function missingByStructure(snapshot: string): Promise<string[]> {
  const names = new Set<string>();
  for (const name of await readdir(snapshot).catch(() => [])) {
    if (await stat(join(snapshot, name)).catch(() => undefined)) names.add(name);
  }
  const shards = names.has("model.safetensors.index.json")
    ? await shardNames(join(snapshot, "model.safetensors.index.json"))
    : [];
  const weights = [...names].some((name) => name.endsWith(".safetensors")) ? shards : ["model.safetensors"];
  return ["config.json", ...weights].filter((name) => !names.has(name));
}

async function shardNames(path: string): Promise<string[]> {
  try {
    if ((await stat(path)).size > MAXIMUM_INDEX_BYTES) return [path];
    const { weight_map: map }: { weight_map?: unknown } = JSON.parse(await readFile(path, "utf8"));
    return typeof map === "object" && map !== null ? [...new Set(Object.values(map).map(String))] : [path];
  } catch {
    return [path];
  }
}

/** Better to refuse before the first byte than to fill the disk. */
async function requireSpace(folder: RepositoryFolder, missing: string[], tree: Tree): Promise<void> {
  let needed = 0;
  for (const path of missing) {
    const file = tree.get(path);
    if (file === undefined) continue;
    const partial = await stat(`${folder.blob(blobName(file))}.incomplete`).catch(() => undefined);
    const whole = await hasSize(folder.blob(blobName(file)), file.size);
    if (!whole) needed += file.size - Math.min(partial?.size ?? 0, file.size);
  }
  await mkdir(folder.root, { recursive: true }).catch(() => {});
  const disk = await statfs(folder.root).catch(() => undefined);
  if (disk === undefined || needed === 0) return;
  const free = disk.bavail * disk.bsize;
  if (free < needed + SPARE_DISK_BYTES) {
    throw new HubError(
      "disk",
      `${folder.root}: the download needs ${gigabytes(needed)}, but only ${gigabytes(free)} are free; free some space (subquad cache clean) or point HF_HUB_CACHE elsewhere`,
    );
  }
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(2)} GB`;
}

function offlineError(reference: HubReference, environment: HubEnvironment, missing: string[]): HubError {
  const { repository, revision } = reference;
  const what =
    missing.length === 0
      ? "is not in the cache"
      : `is incomplete in the cache (missing: ${missing.slice(0, 5).join(", ")}${missing.length > 5 ? ", …" : ""})`;
  return new HubError(
    "offline",
    `${repository}@${revision}: ${what} at ${environment.cacheFolder}, and the network is switched off (HF_HUB_OFFLINE); unset it once to download the model, or pass a local folder`,
  );
}
