/** The cache's layout on disk, shared with Python's huggingface_hub: refs, blobs, snapshots, trees. */
import { randomUUID } from "node:crypto";
import { copyFile, mkdir, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { z } from "zod";
import { namedDiskError, systemErrorCode } from "./errors.ts";
import { isCommitHash } from "./reference.ts";
import { checkTree, type Tree } from "./tree.ts";

const TREE_VERSION = 1;
const MAXIMUM_TREE_BYTES = 64 * 2 ** 20; // 100,000 files at a few hundred bytes each

/** The paths of one repository in the cache. */
export interface RepositoryFolder {
  readonly root: string;
  readonly locks: string;
  /** The path of a blob by its hash. */
  blob(name: string): string;
  /** The folder of a commit's files. */
  snapshot(commit: string): string;
}

/** Where a model's repository lies in a cache folder. */
export function repositoryFolder(cacheFolder: string, repository: string): RepositoryFolder {
  const name = `models--${repository.replaceAll("/", "--")}`;
  const root = join(cacheFolder, name);
  return {
    root,
    locks: join(cacheFolder, ".locks", name),
    blob: (hash) => join(root, "blobs", hash),
    snapshot: (commit) => join(root, "snapshots", commit),
  };
}

/** The commit a branch, tag or other revision pointed at when it was last resolved. */
export async function readReference(folder: RepositoryFolder, revision: string): Promise<string | undefined> {
  const content = await readFile(join(folder.root, "refs", revision), "utf8").catch(() => "");
  return isCommitHash(content.trim()) ? content.trim() : undefined;
}

/** Records which commit a revision points at. */
export async function writeReference(folder: RepositoryFolder, revision: string, commit: string): Promise<void> {
  await writeBeside(join(folder.root, "refs", revision), commit);
}

const treeSchema = z.object({
  format_version: z.literal(TREE_VERSION),
  files: z.record(
    z.string(),
    z.object({
      size: z.number(),
      blob_id: z.string(),
      lfs_sha256: z.string().nullish(),
      xet_hash: z.string().nullish(),
    }),
  ),
});

/** The list of a commit's files, where a complete download has left it behind; a damaged one counts as absent. */
export async function readTree(folder: RepositoryFolder, commit: string): Promise<Tree | undefined> {
  const path = join(folder.root, "trees", `${commit}.json`);
  try {
    if ((await stat(path)).size > MAXIMUM_TREE_BYTES) return undefined;
    const parsed = treeSchema.parse(JSON.parse(await readFile(path, "utf8")));
    return checkTree(
      folder.root,
      Object.entries(parsed.files).map(([name, file]) => [
        name,
        {
          size: file.size,
          blobId: file.blob_id,
          sha256: file.lfs_sha256 ?? undefined,
          xetHash: file.xet_hash ?? undefined,
        },
      ]),
    );
  } catch {
    return undefined;
  }
}

/** Records the list of a commit's files in the form huggingface_hub reads. */
export async function writeTree(folder: RepositoryFolder, commit: string, tree: Tree): Promise<void> {
  const files = [...tree]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, file]) => [
      path,
      {
        size: file.size,
        blob_id: file.blobId,
        ...(file.sha256 === undefined ? {} : { lfs_sha256: file.sha256, lfs_size: file.size }),
        ...(file.xetHash === undefined ? {} : { xet_hash: file.xetHash }),
      },
    ]);
  const content = JSON.stringify({ format_version: TREE_VERSION, files: Object.fromEntries(files) }, undefined, 2);
  await writeBeside(join(folder.root, "trees", `${commit}.json`), content);
}

/** Makes a snapshot's file point at its blob; where links are not allowed, it becomes a copy. */
export async function linkBlob(folder: RepositoryFolder, commit: string, path: string, blob: string): Promise<void> {
  const target = folder.blob(blob);
  const link = join(folder.snapshot(commit), path);
  const temporary = `${link}.${randomUUID()}.link`;
  try {
    await mkdir(dirname(link), { recursive: true });
    await symlink(relative(dirname(link), target), temporary).catch(async (error: unknown) => {
      if (systemErrorCode(error) !== "EPERM" && systemErrorCode(error) !== "ENOSYS") throw error;
      await copyFile(target, temporary);
    });
    await rename(temporary, link);
  } catch (error) {
    await rm(temporary, { force: true });
    throw namedDiskError(error, link);
  }
}

/** Writes a small file whole or not at all. */
async function writeBeside(path: string, content: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(temporary, content);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw namedDiskError(error, path);
  }
}
