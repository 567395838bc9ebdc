import { expect, test } from "vitest";
import { hubEnvironment, isTrue, readToken } from "../../../src/formats/hub/environment.ts";

test("the cache folder follows huggingface_hub's order", () => {
  const folder = (variables: Record<string, string>) => hubEnvironment({ HOME: "/users/a", ...variables }).cacheFolder;
  expect(folder({})).toBe("/users/a/.cache/huggingface/hub");
  expect(folder({ XDG_CACHE_HOME: "/x" })).toBe("/x/huggingface/hub");
  expect(folder({ XDG_CACHE_HOME: "/x", HF_HOME: "/h" })).toBe("/h/hub");
  expect(folder({ HF_HOME: "/h", HUGGINGFACE_HUB_CACHE: "/old" })).toBe("/old");
  expect(folder({ HUGGINGFACE_HUB_CACHE: "/old", HF_HUB_CACHE: "/new" })).toBe("/new");
  expect(folder({ HF_HUB_CACHE: "~/models/$NAME", NAME: "b" })).toBe("/users/a/models/b");
  expect(folder({ HF_HUB_CACHE: "$" + "{DISK}/hub", DISK: "/d" })).toBe("/d/hub");
});

test("booleans are true for 1, on, yes, true in any case alone", () => {
  for (const value of ["1", "on", "YES", "True"]) expect(isTrue(value)).toBe(true);
  for (const value of ["0", "", "y", "false", "2", undefined]) expect(isTrue(value)).toBe(false);
});

test("HF_HUB_OFFLINE outweighs TRANSFORMERS_OFFLINE", () => {
  expect(hubEnvironment({ TRANSFORMERS_OFFLINE: "1" }).offline).toBe(true);
  expect(hubEnvironment({ HF_HUB_OFFLINE: "0", TRANSFORMERS_OFFLINE: "1" }).offline).toBe(false);
  expect(hubEnvironment({}).offline).toBe(false);
});

test("endpoint and token are taken from the environment", async () => {
  const environment = hubEnvironment({ HF_ENDPOINT: "https://mirror.example/", HF_TOKEN: " hf_x\n" });
  expect(environment.endpoint).toBe("https://mirror.example");
  expect(await readToken(environment)).toBe("hf_x");
  expect(hubEnvironment({ HF_HOME: "/h" }).tokenFile).toBe("/h/token");
  expect(hubEnvironment({ HF_HOME: "/h", HF_HUB_DISABLE_IMPLICIT_TOKEN: "1" }).tokenFile).toBeUndefined();
  expect(await readToken(hubEnvironment({ HF_HOME: "/nowhere/at/all" }))).toBeUndefined();
});
