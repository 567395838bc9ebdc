/** What a MODEL argument names: a folder, a file of a known kind, a model of the hub, or a built-in one. */
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { SubquadError } from "../errors.ts";
import { type HubReference, matchHubReference } from "./hub/reference.ts";

/** A model's place, by the way it is read. */
export type ModelLocation =
  | { readonly kind: "folder"; readonly path: string }
  | { readonly kind: "gguf"; readonly path: string }
  | { readonly kind: "llama2c"; readonly path: string }
  | ({ readonly kind: "hub" } & HubReference)
  | { readonly kind: "built-in"; readonly name: string };

/** What a path leads to, or undefined where nothing is there. */
export type PathKind = "folder" | "file" | undefined;

/** Looks at the disk. */
export function pathKind(path: string): PathKind {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined) return undefined;
  return status.isDirectory() ? "folder" : "file";
}

/**
 * Says what a MODEL string names. A built-in name comes first, then what is on disk, then the hub; `kindOf` looks paths
 * up, so that the answer depends on the arguments alone.
 * @throws SubquadError that lists what was tried.
 */
export function locateModel(
  model: string,
  builtIn: readonly string[] = [],
  kindOf: (path: string) => PathKind = pathKind,
): ModelLocation {
  if (model === "") throw new SubquadError("the name of the model is empty");
  if (builtIn.includes(model)) return { kind: "built-in", name: model };
  const found = kindOf(model);
  if (found === "folder") return { kind: "folder", path: model };
  const fileKind = model.endsWith(".gguf") ? "gguf" : model.endsWith(".bin") ? "llama2c" : undefined;
  if (found === "file") {
    if (fileKind !== undefined) return { kind: fileKind, path: model };
    throw new SubquadError(
      `${model}: is a file, but not a .gguf or a llama2.c .bin; for a .safetensors file pass the folder it is in, with its config.json`,
    );
  }
  const reference = matchHubReference(model);
  const isPath = fileKind !== undefined || /^(\.{0,2}[/\\]|~|[a-zA-Z]:[/\\])/.test(model);
  if (reference !== undefined && !isPath) return { kind: "hub", ...reference };
  throw new SubquadError(`${model}: no such model. Tried ${tried(model, builtIn, fileKind !== undefined)}`);
}

function tried(model: string, builtIn: readonly string[], isFile: boolean): string {
  const names = builtIn.length === 0 ? "there are none" : `there is ${builtIn.join(", ")}`;
  return [
    `a built-in model (${names})`,
    isFile ? `the file ${resolve(model)} (not there)` : `the folder ${resolve(model)} (not there)`,
    "and a model of the hub (written org/name or org/name@revision)",
  ].join(", ");
}
