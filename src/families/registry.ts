/** The families that are known: every file of one folder. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { packageRoot } from "../package-root.ts";
import type { Family } from "./family.ts";

/** The folder, of sources where these run, else of the built package. */
function folder(): string {
  const built = import.meta.url.endsWith(".ts") ? "src" : "dist";
  return join(packageRoot(), built, "families", "known");
}

let read: Promise<readonly Family[]> | undefined;

/** Every family, by its name. */
export function knownFamilies(): Promise<readonly Family[]> {
  read ??= Promise.all(
    readdirSync(folder())
      .filter((file) => /(?<!\.d)\.[jt]s$/.test(file))
      .sort()
      .map(async (file) => {
        const { default: family } = (await import(pathToFileURL(join(folder(), file)).href)) as { default: Family };
        return family;
      }),
  );
  return read;
}

/** The family a configuration's `model_type` belongs to, or undefined. */
export async function familyOf(modelType: string): Promise<Family | undefined> {
  return (await knownFamilies()).find((family) => family.modelTypes.includes(modelType));
}

/** The family of that name. Throws a RangeError where there is none. */
export async function familyNamed(name: string): Promise<Family> {
  const found = (await knownFamilies()).find((family) => family.name === name);
  if (found === undefined) throw new RangeError(`there is no family "${name}"`);
  return found;
}

/** The family a GGUF file's `general.architecture` names, or undefined. */
export async function familyOfGguf(architecture: string): Promise<Family | undefined> {
  return (await knownFamilies()).find((family) => family.gguf?.architecture === architecture);
}
