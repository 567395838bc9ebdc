/** Writes the pages of docs/ that come from the code: `npm run docs`. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { packageRoot } from "../src/package-root.ts";
import { cliPage } from "./docs/cli-page.ts";
import { familiesPage } from "./docs/families-page.ts";
import { mixersPage } from "./docs/mixers-page.ts";
import { recipesPage } from "./docs/recipes-page.ts";

const folder = join(packageRoot(), "docs");
await mkdir(folder, { recursive: true });
await writeFile(join(folder, "cli.md"), cliPage());
await writeFile(join(folder, "recipes.md"), await recipesPage());
await writeFile(join(folder, "mixers.md"), await mixersPage());
await writeFile(join(folder, "families.md"), await familiesPage());
