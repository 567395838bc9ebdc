/** The laws of the families' folder. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { knownFamilies } from "../../src/families/registry.ts";
import { packageRoot } from "../../src/package-root.ts";

const folder = (...parts: string[]) => join(packageRoot(), "src", ...parts);
const read = (path: string) => readFileSync(path, "utf8");

test("a family is a file of under 80 lines", () => {
  const lines = readdirSync(folder("families", "known")).map((file) => {
    const count = read(folder("families", "known", file))
      .trimEnd()
      .split("\n").length;
    return [file, count] as const;
  });
  expect(lines.length).toBeGreaterThan(40);
  expect(lines.filter(([, count]) => count >= 80)).toEqual([]);
});

test("no two families share a name, a model type or a GGUF architecture", async () => {
  const families = await knownFamilies();
  const unique = (names: readonly string[]) => expect(names).toEqual([...new Set(names)]);
  unique(families.map((family) => family.name));
  unique(families.flatMap((family) => family.modelTypes));
  unique(families.flatMap((family) => family.gguf?.architecture ?? []));
});

test("nothing outside the families' folder compares a family's name", () => {
  const comparisons = readdirSync(folder(), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.startsWith(join("families", "known")))
    .filter((file) => /\b(family|family\.name|modelType|model_type)\b\s*[!=]==?\s*["'`]/.test(read(folder(file))));
  expect(comparisons).toEqual([]);
});
