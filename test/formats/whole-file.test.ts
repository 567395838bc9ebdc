import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { SubquadError } from "../../src/errors.ts";
import { writeWholeFile } from "../../src/formats/whole-file.ts";
import { temporaryFolder } from "./temporary.ts";

const folder = temporaryFolder();

test("the parts follow each other, and nothing else is left in the folder", async () => {
  await writeWholeFile(join(folder, "a"), async (append) => {
    append(Buffer.from("one "));
    await Promise.resolve();
    append(Buffer.from("two"));
  });
  expect(readFileSync(join(folder, "a"), "utf8")).toBe("one two");
  expect(readdirSync(folder)).toEqual(["a"]);
});

test("until the writing is done the old file stands; when it fails it stays and the temporary one goes", async () => {
  const path = join(folder, "a");
  writeFileSync(path, "old");
  const failing = writeWholeFile(path, (append) => {
    append(Buffer.from("new"));
    expect(readFileSync(path, "utf8")).toBe("old");
    expect(readdirSync(folder)).toHaveLength(2);
    throw new Error("no more data");
  });
  await expect(failing).rejects.toThrow("no more data");
  expect(readFileSync(path, "utf8")).toBe("old");
  expect(readdirSync(folder)).toEqual(["a"]);
});

test("a folder that does not exist is named", async () => {
  const path = join(folder, "absent", "file");
  await expect(writeWholeFile(path, () => {})).rejects.toThrow(SubquadError);
  await expect(writeWholeFile(path, () => {})).rejects.toThrow(path);
});
