import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { listCached, removeCached } from "../../../src/formats/hub/cache.ts";
import { type HubEnvironment, hubEnvironment } from "../../../src/formats/hub/environment.ts";

const OLD = "1".repeat(40);
const NEW = "2".repeat(40);

let cache: string;
let environment: HubEnvironment;

beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), "subquad-cache-"));
  environment = hubEnvironment({ HF_HUB_CACHE: cache });
  const root = join(cache, "models--org--name");
  const put = async (path: string, content: string) => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  };
  await put("blobs/shared", "x".repeat(1000));
  await put("blobs/old", "x".repeat(10));
  await put("blobs/new", "x".repeat(20));
  await put("refs/main", NEW);
  await put("refs/refs/pr/1", OLD);
  await put("refs/dangling", "3".repeat(40));
  for (const [commit, blob] of [
    [OLD, "old"],
    [NEW, "new"],
  ] as const) {
    await mkdir(join(root, "snapshots", commit), { recursive: true });
    await symlink(`../../blobs/${blob}`, join(root, "snapshots", commit, "config.json"));
    await symlink("../../blobs/shared", join(root, "snapshots", commit, "model.safetensors"));
    await put(`trees/${commit}.json`, "{}");
  }
  await mkdir(join(cache, "datasets--org--other", "snapshots"), { recursive: true });
});

afterEach(() => rm(cache, { recursive: true }));

test("the cache is listed with revisions, references and sizes", async () => {
  const [only, ...others] = await listCached(environment);
  expect(others).toEqual([]);
  expect(only).toMatchObject({ repository: "org/name", bytes: 1030 });
  expect(only?.revisions).toMatchObject([
    { commit: OLD, references: ["refs/pr/1"], files: 2, bytes: 1010 },
    { commit: NEW, references: ["main"], files: 2, bytes: 1020 },
  ]);
});

test("removing a revision keeps the blobs another one uses", async () => {
  expect(await removeCached("org/name", "refs/pr/1", environment)).toBe(10);
  const root = join(cache, "models--org--name");
  expect((await readdir(join(root, "blobs"))).sort()).toEqual(["new", "shared"]);
  expect(await readdir(join(root, "snapshots"))).toEqual([NEW]);
  expect(await readdir(join(root, "refs"))).toContain("main");
  expect(await readdir(join(root, "trees"))).toEqual([`${NEW}.json`]);
});

test("removing a model, or its last revision, removes its folder", async () => {
  await removeCached("org/name", OLD, environment);
  expect(await removeCached("org/name", "main", environment)).toBe(1020);
  expect(await listCached(environment)).toEqual([]);
  expect(await readdir(cache)).toContain("datasets--org--other");
});

test("an unknown model or revision is named", async () => {
  await expect(removeCached("org/other", undefined, environment)).rejects.toThrow("org/other: not in the cache");
  await expect(removeCached("org/name", "v9", environment)).rejects.toThrow("no revision v9");
});

test("an absent cache is empty", async () => {
  expect(await listCached(hubEnvironment({ HF_HUB_CACHE: join(cache, "nowhere") }))).toEqual([]);
});
