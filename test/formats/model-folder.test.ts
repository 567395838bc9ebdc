import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { locateModel, type PathKind, pathKind } from "../../src/formats/model-folder.ts";

const disk: Record<string, PathKind> = {
  "./model": "folder",
  "org/name": "folder",
  "a.gguf": "file",
  "stories.bin": "file",
  "model.safetensors": "file",
  tiny: "folder",
};
const locate = (model: string) => locateModel(model, ["tiny"], (path) => disk[path]);

test("folders, files, hub names and built-in names are told apart", () => {
  expect(locate("./model")).toEqual({ kind: "folder", path: "./model" });
  expect(locate("a.gguf")).toEqual({ kind: "gguf", path: "a.gguf" });
  expect(locate("stories.bin")).toEqual({ kind: "llama2c", path: "stories.bin" });
  expect(locate("tiny")).toEqual({ kind: "built-in", name: "tiny" });
  expect(locate("HuggingFaceTB/SmolLM2-135M")).toEqual({
    kind: "hub",
    repository: "HuggingFaceTB/SmolLM2-135M",
    revision: "main",
  });
  expect(locate("a/b@refs/pr/2")).toEqual({ kind: "hub", repository: "a/b", revision: "refs/pr/2" });
  expect(locate("hf://a/b@v1")).toEqual({ kind: "hub", repository: "a/b", revision: "v1" });
});

test("a folder of that name outweighs the hub", () => {
  expect(locate("org/name").kind).toBe("folder");
});

test("what cannot be found says what was tried", () => {
  expect(() => locate("huge")).toThrow(
    /huge: no such model\. Tried a built-in model \(there is tiny\), the folder .*huge/,
  );
  expect(() => locate("models/x.gguf")).toThrow(/the file .*models\/x\.gguf \(not there\)/);
  expect(() => locate("./nothing")).toThrow("org/name@revision");
  expect(() => locate("a/b/c")).toThrow("no such model");
  expect(() => locate("")).toThrow("empty");
});

test("a file of another kind says what to pass instead", () => {
  expect(() => locate("model.safetensors")).toThrow("pass the folder it is in");
});

test("the disk is looked at", async () => {
  const folder = await mkdtemp(join(tmpdir(), "subquad-locate-"));
  await writeFile(join(folder, "x"), "");
  expect([pathKind(folder), pathKind(join(folder, "x")), pathKind(join(folder, "y"))]).toEqual([
    "folder",
    "file",
    undefined,
  ]);
  await rm(folder, { recursive: true });
});
