/** Where the package lies, from the sources as from the built files. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { SubquadError } from "./errors.ts";

/** The package's own folder: the nearest one above this file whose package.json is subquad's. */
export function packageRoot(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const file = join(folder, "package.json");
    if (existsSync(file) && (JSON.parse(readFileSync(file, "utf8")) as { name?: unknown }).name === "subquad")
      return folder;
    if (dirname(folder) === folder)
      throw new SubquadError("subquad's own package.json was not found: install it again");
  }
}
