/** Where the files shipped beside the code (recipes, assets) lie, the same from sources and from the built package. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { SubquadError } from "./errors.ts";

const NAME = "subquad";

/**
 * The folder of this package: the nearest one above this module whose `package.json` is named subquad.
 * @throws SubquadError where the code was bundled away from its package.
 */
export function packageRoot(): string {
  const start = dirname(fileURLToPath(import.meta.url));
  for (let folder = start; ; folder = dirname(folder)) {
    const manifest = join(folder, "package.json");
    if (existsSync(manifest) && packageName(manifest) === NAME) return folder;
    if (dirname(folder) === folder) break;
  }
  throw new SubquadError(
    `${start}: no folder above it holds ${NAME}'s package.json, so its recipes and assets cannot be found; install the package whole`,
  );
}

function packageName(manifest: string): unknown {
  try {
    const content: unknown = JSON.parse(readFileSync(manifest, "utf8"));
    return typeof content === "object" && content !== null && "name" in content ? content.name : undefined;
  } catch {
    return undefined;
  }
}
