import { execFile } from "node:child_process";
import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { DownloadProgress } from "../../../src/formats/hub/download.ts";
import { type HubEnvironment, hubEnvironment } from "../../../src/formats/hub/environment.ts";
import { HubError, type HubFailure } from "../../../src/formats/hub/errors.ts";
import { type ResolveOptions, resolveRepository } from "../../../src/formats/hub/resolve.ts";
import { COMMIT, FakeHub, gitHash, sha256 } from "./fake-hub.ts";

const weights = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7919) % 251));
const config = Buffer.from('{"model_type": "llama"}');

let hub: FakeHub;
let cache: string;

beforeEach(async () => {
  hub = new FakeHub();
  hub.files.set("config.json", { content: config });
  hub.files.set("tokenizer.json", { content: Buffer.from('{"model": {}}') });
  hub.files.set("model.safetensors", { content: weights, lfs: true });
  hub.files.set("pytorch_model.bin", { content: Buffer.from("pickle"), lfs: true });
  hub.files.set("onnx/model.safetensors", { content: Buffer.from("other"), lfs: true });
  await hub.start();
  cache = await mkdtemp(join(tmpdir(), "subquad-hub-"));
});

afterEach(async () => {
  await hub.stop();
  await rm(cache, { recursive: true });
});

function environment(variables: Record<string, string> = {}): HubEnvironment {
  return hubEnvironment({
    HOME: cache,
    HF_HUB_CACHE: cache,
    HF_ENDPOINT: hub.endpoint,
    HF_HUB_DOWNLOAD_TIMEOUT: "2",
    ...variables,
  });
}

function resolve(name = "tests/tiny", options: ResolveOptions = {}) {
  return resolveRepository(name, { environment: environment(), ...options });
}

async function failure(promise: Promise<unknown>): Promise<{ kind: HubFailure; message: string }> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof HubError)) throw new Error(`expected a HubError, got ${error}`);
  return error;
}

const storage = () => join(cache, "models--tests--tiny");

test("a model is downloaded into the layout that Python's huggingface_hub uses", async () => {
  const { folder, commit } = await resolve();
  expect(commit).toBe(COMMIT);
  expect(folder).toBe(join(storage(), "snapshots", COMMIT));
  expect((await readdir(folder)).sort()).toEqual(["config.json", "model.safetensors", "tokenizer.json"]);
  expect(await readFile(join(folder, "model.safetensors"))).toEqual(weights);
  expect((await lstat(join(folder, "config.json"))).isSymbolicLink()).toBe(true);
  expect(await readlink(join(folder, "config.json"))).toBe(join("..", "..", "blobs", gitHash(config)));
  expect(await readlink(join(folder, "model.safetensors"))).toBe(join("..", "..", "blobs", sha256(weights)));
  expect(await readFile(join(storage(), "refs", "main"), "utf8")).toBe(COMMIT);
  const tree = JSON.parse(await readFile(join(storage(), "trees", `${COMMIT}.json`), "utf8"));
  expect(tree.format_version).toBe(1);
  expect(tree.files["model.safetensors"]).toMatchObject({ size: weights.length, lfs_sha256: sha256(weights) });
  expect(tree.files["pytorch_model.bin"]).toBeDefined();
});

test("pickles and subfolders are never asked for", async () => {
  await resolve();
  const asked = hub.requests.map(({ path }) => path).join("\n");
  expect(asked).not.toMatch(/resolve\/.*(pytorch_model\.bin|onnx)/);
});

test("a second run opens no connection", async () => {
  await resolve();
  hub.requests.length = 0;
  await resolve();
  expect(hub.requests).toEqual([]);
});

test("refresh asks where the branch points and fetches only what changed", async () => {
  await resolve();
  hub.requests.length = 0;
  const moved = "f".repeat(40);
  hub.revisions.set("main", moved);
  hub.files.set("config.json", { content: Buffer.from('{"model_type": "qwen2"}') });
  const { folder, commit } = await resolve("tests/tiny", { refresh: true });
  expect(commit).toBe(moved);
  expect(await readFile(join(folder, "config.json"), "utf8")).toContain("qwen2");
  expect(await readFile(join(folder, "model.safetensors"))).toEqual(weights);
  expect(hub.downloads.map(({ path }) => path)).toEqual([`/tests/tiny/resolve/${moved}/config.json`]);
});

test("branches, tags, pull requests and commits are revisions", async () => {
  hub.revisions.set("refs/pr/3", COMMIT).set("v1.0", COMMIT);
  for (const revision of ["refs/pr/3", "v1.0", COMMIT]) {
    const resolved = await resolve(`tests/tiny@${revision}`);
    expect(resolved).toMatchObject({ repository: "tests/tiny", revision, commit: COMMIT });
  }
  expect(await readFile(join(storage(), "refs", "refs", "pr", "3"), "utf8")).toBe(COMMIT);
  expect((await failure(resolve("tests/tiny@absent"))).message).toContain("no such revision");
});

test("offline uses a complete snapshot and otherwise says what is missing, without a socket", async () => {
  const offline = { environment: environment({ HF_HUB_OFFLINE: "1" }) };
  expect((await failure(resolve("tests/tiny", offline))).kind).toBe("offline");
  await resolve();
  hub.requests.length = 0;
  expect((await resolve("tests/tiny", offline)).commit).toBe(COMMIT);
  await rm(join(storage(), "snapshots", COMMIT, "tokenizer.json"));
  const { kind, message } = await failure(resolve("tests/tiny", offline));
  expect(kind).toBe("offline");
  expect(message).toContain("missing: tokenizer.json");
  expect(hub.requests).toEqual([]);
});

test("offline accepts what Python tools left without a listing, if config and weights are there", async () => {
  await resolve();
  await rm(join(storage(), "trees"), { recursive: true });
  const offline = { environment: environment({ TRANSFORMERS_OFFLINE: "true" }) };
  expect((await resolve("tests/tiny", offline)).commit).toBe(COMMIT);
  await rm(join(storage(), "blobs", sha256(weights)));
  expect((await failure(resolve("tests/tiny", offline))).message).toContain("model.safetensors");
});

test("an interrupted transfer continues at the byte where it stopped", async () => {
  hub.cutAfter = 100_000;
  const { folder } = await resolve();
  expect(await readFile(join(folder, "model.safetensors"))).toEqual(weights);
  const ranges = hub.requests.filter(({ server }) => server === "storage").map(({ range }) => range);
  expect(ranges).toEqual([undefined, "bytes=100000-"]);
});

test("what an earlier run left as .incomplete is resumed by range", async () => {
  await mkdir(join(storage(), "blobs"), { recursive: true });
  await writeFile(join(storage(), "blobs", `${sha256(weights)}.incomplete`), weights.subarray(0, 12_345));
  await resolve();
  expect(hub.requests.filter(({ server }) => server === "storage").map(({ range }) => range)).toEqual(["bytes=12345-"]);
  expect(await readFile(join(storage(), "blobs", sha256(weights)))).toEqual(weights);
});

test("a damaged .incomplete costs one fresh start, and a server without ranges sends all again", async () => {
  await mkdir(join(storage(), "blobs"), { recursive: true });
  const partial = join(storage(), "blobs", `${sha256(weights)}.incomplete`);
  await writeFile(partial, Buffer.alloc(12_345));
  await resolve();
  expect(await readFile(join(storage(), "blobs", sha256(weights)))).toEqual(weights);
  await rm(join(storage(), "blobs", sha256(weights)));
  await writeFile(partial, weights.subarray(0, 999));
  hub.withoutRanges = true;
  await resolve();
  expect(await readFile(join(storage(), "blobs", sha256(weights)))).toEqual(weights);
});

test("content with another hash or length than listed is refused and not kept", async () => {
  hub.files.set("model.safetensors", { content: weights, lfs: true, claimed: { sha256: "a".repeat(64) } });
  expect(await failure(resolve())).toMatchObject({ kind: "damaged" });
  hub.files.set("model.safetensors", { content: weights, lfs: true, claimed: { size: 1000 } });
  await rm(join(storage(), "trees"), { recursive: true });
  expect((await failure(resolve())).message).toContain("longer than the 1000 bytes");
  const names = await readdir(join(storage(), "blobs"));
  expect(names).not.toContain("a".repeat(64));
  expect(names).not.toContain(sha256(weights));
});

test("a model larger than the disk is refused before the first byte", async () => {
  hub.files.set("model.safetensors", { content: weights, lfs: true, claimed: { size: 2 ** 52 } });
  const { kind, message } = await failure(resolve());
  expect(kind).toBe("disk");
  expect(message).toContain("4503599.63 GB");
  expect(hub.downloads).toEqual([]);
});

test.each(["../../escape.json", "/etc/passwd", "a/../../b", "C:\\x.json", "..\\x.json", "tokenizer\u0000.json"])(
  "a listing with the file name %j is refused before anything is written",
  async (name) => {
    hub.files.set(name, { content: Buffer.from("x") });
    const { kind, message } = await failure(resolve());
    expect(kind).toBe("unsafe");
    expect(message).toContain(JSON.stringify(name));
    expect(hub.downloads).toEqual([]);
  },
);

test("hashes and commits that could lead out of the cache are refused", async () => {
  hub.files.set("model.safetensors", { content: weights, lfs: true, claimed: { sha256: "../../../evil" } });
  expect((await failure(resolve())).kind).toBe("unsafe");
  hub.revisions.set("main", "../../evil");
  expect((await failure(resolve())).message).toContain("malformed commit hash");
});

test("the token goes to the hub and not to the host it redirects to", async () => {
  const token = join(cache, "token");
  await writeFile(token, "hf_secret\n");
  await resolve("tests/tiny", { environment: environment({ HF_TOKEN_PATH: token }) });
  expect(
    hub.requests.filter(({ server }) => server === "hub").every((r) => r.authorization === "Bearer hf_secret"),
  ).toBe(true);
  const elsewhere = hub.requests.filter(({ server }) => server === "storage");
  expect(elsewhere.length).toBeGreaterThan(0);
  expect(elsewhere.every(({ authorization }) => authorization === undefined)).toBe(true);
});

test("refusals tell gated, unauthorized and unknown models apart", async () => {
  hub.refuse = { status: 403, code: "GatedRepo", message: "Access to model tests/tiny is restricted" };
  const gated = await failure(resolve());
  expect(gated.kind).toBe("gated");
  expect(gated.message).toContain(`${hub.endpoint}/tests/tiny`);
  expect(gated.message).toContain("HF_TOKEN");
  hub.refuse = { status: 401, message: "Invalid username or password." };
  expect(await failure(resolve())).toMatchObject({ kind: "unauthorized" });
  hub.refuse = { status: 404, code: "RepoNotFound" };
  expect(await failure(resolve())).toMatchObject({ kind: "not-found" });
  hub.refuse = { status: 503 };
  expect((await failure(resolve())).message).toContain("status 503");
});

test("an unreachable hub is a named error, but no obstacle where the cache is complete", async () => {
  const down = { environment: environment({ HF_ENDPOINT: "http://127.0.0.1:9" }) };
  expect(await failure(resolve("tests/tiny", down))).toMatchObject({ kind: "network" });
  await resolve();
  await rm(join(storage(), "trees"), { recursive: true });
  expect((await resolve("tests/tiny", down)).commit).toBe(COMMIT);
  expect((await resolve("tests/tiny", { ...down, refresh: true })).commit).toBe(COMMIT);
});

test("repositories without readable weights say what they hold", async () => {
  hub.files.delete("model.safetensors");
  hub.files.delete("onnx/model.safetensors");
  expect((await failure(resolve())).message).toContain("pickled weights (pytorch_model.bin)");
  hub.files.set("tiny.Q4_0.gguf", { content: weights, lfs: true });
  await rm(storage(), { recursive: true, force: true });
  expect((await failure(resolve())).message).toContain("tiny.Q4_0.gguf");
});

test("listings of several pages and shards are followed", async () => {
  hub.files.delete("model.safetensors");
  hub.files.set("model.safetensors.index.json", { content: Buffer.from('{"weight_map": {}}') });
  for (const shard of [1, 2, 3]) {
    hub.files.set(`model-0000${shard}-of-00003.safetensors`, { content: Buffer.from(`shard ${shard}`), lfs: true });
  }
  hub.files.set("consolidated.safetensors", { content: Buffer.from("the same again"), lfs: true });
  hub.pageSize = 2;
  const { folder } = await resolve();
  expect((await readdir(folder)).sort()).toEqual([
    "config.json",
    "model-00001-of-00003.safetensors",
    "model-00002-of-00003.safetensors",
    "model-00003-of-00003.safetensors",
    "model.safetensors.index.json",
    "tokenizer.json",
  ]);
});

test("progress counts up to each file's size", async () => {
  const last = new Map<string, DownloadProgress>();
  await resolve("tests/tiny", {
    onProgress: (event) => {
      expect(event.received).toBeGreaterThanOrEqual(last.get(event.file)?.received ?? 0);
      last.set(event.file, event);
    },
  });
  expect([...last.keys()].sort()).toEqual(["config.json", "model.safetensors", "tokenizer.json"]);
  for (const { received, total } of last.values()) expect(received).toBe(total);
});

test("two calls at once download each blob once", async () => {
  const [a, b] = await Promise.all([resolve(), resolve()]);
  expect(a).toEqual(b);
  expect(hub.requests.filter(({ server }) => server === "storage")).toHaveLength(1);
});

test("two processes at once leave one whole blob and no rubbish", async () => {
  const module = pathToFileURL(join(import.meta.dirname, "../../../src/formats/hub/resolve.ts")).href;
  const script = `const { resolveRepository } = await import(${JSON.stringify(module)});
    console.log((await resolveRepository("tests/tiny")).folder);`;
  const run = () =>
    promisify(execFile)(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
      env: { PATH: process.env.PATH ?? "", HOME: cache, HF_HUB_CACHE: cache, HF_ENDPOINT: hub.endpoint },
    });
  const outputs = await Promise.all([run(), run()]);
  for (const { stdout } of outputs) expect(stdout.trim()).toBe(join(storage(), "snapshots", COMMIT));
  expect(await readFile(join(storage(), "blobs", sha256(weights)))).toEqual(weights);
  const left = await readdir(cache, { recursive: true });
  expect(left.filter((name) => /incomplete|tmp$|subquad\.lock|\.link$/.test(name))).toEqual([]);
  expect(hub.requests.filter(({ server }) => server === "storage")).toHaveLength(1);
});

test("a lock whose process is gone does not stop a download", async () => {
  const locks = join(cache, ".locks", "models--tests--tiny");
  await mkdir(locks, { recursive: true });
  const lock = join(locks, `${sha256(weights)}.subquad.lock`);
  const { hostname } = await import("node:os");
  // No process has this number: Linux stops at 2^22.
  await writeFile(lock, JSON.stringify({ pid: 2 ** 30, host: hostname() }));
  await resolve();
  await expect(stat(lock)).rejects.toThrow();
});

test.each(["../x", "org/name/more", "org/..", "org/na me", "org/name@../x", "org/name@/x", "org/name@", "a--b/c"])(
  "%s is no model name",
  async (name) => {
    expect(await failure(resolve(name))).toMatchObject({ kind: "name" });
  },
);
