/** Versions of what computed a result, for its record. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { packageRoot } from "../package-root.ts";

/** The versions of subquad, Node and ONNX Runtime. */
export function versions(): Record<string, string> {
  const own = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as { version: string };
  const runtime = createRequire(import.meta.url)("onnxruntime-node/package.json") as { version: string };
  return { subquad: own.version, node: process.versions.node, onnxruntime: runtime.version };
}
