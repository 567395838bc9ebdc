/** What the hub's cache holds, and removing it again without touching what other revisions share. */
import { readdir, readFile, readlink, rm, stat } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { type HubEnvironment, hubEnvironment } from "./environment.ts";
import { HubError } from "./errors.ts";
import { repositoryFolder } from "./layout.ts";
import { isCommitHash } from "./reference.ts";

/** One snapshot of a model in the cache. */
export interface CachedRevision {
  readonly commit: string;
  /** The branches, tags and other names that point at it. */
  readonly references: readonly string[];
  readonly folder: string;
  readonly files: number;
  /** Bytes of its files; those shared with other revisions count in each. */
  readonly bytes: number;
}

/** One model in the cache. */
export interface CachedRepository {
  readonly repository: string;
  readonly folder: string;
  /** Bytes on disk: each blob once, and what interrupted downloads left. */
  readonly bytes: number;
  readonly revisions: readonly CachedRevision[];
}

/** The models in the cache, by name; data sets and other kinds that Python tools keep there are left out. */
export async function listCached(environment: HubEnvironment = hubEnvironment()): Promise<CachedRepository[]> {
  const found: CachedRepository[] = [];
  for (const name of (await names(environment.cacheFolder)).sort()) {
    if (!name.startsWith("models--")) continue;
    const folder = join(environment.cacheFolder, name);
    const repository = name.slice("models--".length).replaceAll("--", "/");
    const references = await readReferences(folder);
    const revisions: CachedRevision[] = [];
    for (const commit of (await names(join(folder, "snapshots"))).sort()) {
      const snapshot = join(folder, "snapshots", commit);
      const sizes = await Promise.all((await filesBelow(snapshot)).map(sizeOf));
      const pointing = [...references].filter(([, target]) => target === commit).map(([reference]) => reference);
      revisions.push({ commit, references: pointing.sort(), folder: snapshot, files: sizes.length, bytes: sum(sizes) });
    }
    const blobs = await Promise.all((await filesBelow(join(folder, "blobs"))).map(sizeOf));
    // Where links are not allowed the snapshots hold the files themselves, and there are no blobs.
    const bytes = blobs.length > 0 ? sum(blobs) : sum(revisions.map((revision) => revision.bytes));
    found.push({ repository, folder, bytes, revisions });
  }
  return found;
}

/**
 * Removes a model, or one revision of it (a commit, branch or tag), from the cache; blobs that another revision uses
 * stay. Returns the bytes freed.
 * @throws HubError of kind `not-found` where the cache has no such model or revision.
 */
export async function removeCached(
  repository: string,
  revision?: string,
  environment: HubEnvironment = hubEnvironment(),
): Promise<number> {
  const cached = (await listCached(environment)).find((entry) => entry.repository === repository);
  if (cached === undefined) {
    throw new HubError("not-found", `${repository}: not in the cache at ${environment.cacheFolder}`);
  }
  const gone = cached.revisions.filter(
    ({ commit, references }) => revision === undefined || commit === revision || references.includes(revision),
  );
  if (revision === undefined || (gone.length > 0 && gone.length === cached.revisions.length)) {
    await rm(cached.folder, { recursive: true });
    await rm(repositoryFolder(environment.cacheFolder, repository).locks, { recursive: true, force: true });
    return cached.bytes;
  }
  if (gone.length === 0) {
    const known = cached.revisions.map(({ commit, references }) => [commit, ...references].join(" = ")).join(", ");
    throw new HubError("not-found", `${repository}: the cache has no revision ${revision}, only ${known}`);
  }
  return removeRevisions(cached, gone);
}

async function removeRevisions(cached: CachedRepository, gone: CachedRevision[]): Promise<number> {
  const kept = cached.revisions.filter((entry) => !gone.includes(entry));
  const [doomed, used] = await Promise.all([blobsOf(gone), blobsOf(kept)]);
  for (const { commit, references, folder } of gone) {
    for (const reference of references) await rm(join(cached.folder, "refs", reference), { force: true });
    await rm(folder, { recursive: true });
    await rm(join(cached.folder, "trees", `${commit}.json`), { force: true });
    await rm(join(cached.folder, ".no_exist", commit), { recursive: true, force: true });
  }
  let freed = 0;
  for (const blob of doomed) {
    if (used.has(blob)) continue;
    freed += await sizeOf(blob);
    await rm(blob, { force: true });
  }
  return freed;
}

/** The blobs that snapshots link to; links that lead elsewhere are none of this repository's. */
async function blobsOf(revisions: CachedRevision[]): Promise<Set<string>> {
  const blobs = new Set<string>();
  for (const revision of revisions) {
    const folder = join(dirname(dirname(revision.folder)), "blobs");
    for (const file of await filesBelow(revision.folder)) {
      const target = await readlink(file).catch(() => undefined);
      if (target === undefined) continue;
      const blob = resolve(dirname(file), target);
      if (join(folder, basename(blob)) === blob) blobs.add(blob);
    }
  }
  return blobs;
}

async function readReferences(folder: string): Promise<Map<string, string>> {
  const root = join(folder, "refs");
  const references = new Map<string, string>();
  for (const file of await filesBelow(root)) {
    const commit = (await readFile(file, "utf8").catch(() => "")).trim();
    if (isCommitHash(commit)) references.set(relative(root, file).replaceAll("\\", "/"), commit);
  }
  return references;
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
}

async function names(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    (status) => status.size,
    () => 0,
  );
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
