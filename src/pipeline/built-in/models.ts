/** The models that come with the package. */
import { join } from "node:path";
import { packageRoot } from "../../package-root.ts";

/** Names that stand for a built-in model. */
export const builtInNames: readonly string[] = ["tiny"];

/** The model used where none is named. */
export const defaultModel = "tiny";

/** The folder of a built-in model, in Hugging Face layout. */
export function builtInFolder(name: string): string {
  return join(packageRoot(), "assets", name);
}
