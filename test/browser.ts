/** The browser that pages are looked at with, where one is installed. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** The path of a Chromium: SUBQUAD_BROWSER, or one on the PATH; undefined where there is none. */
export function browserPath(): string | undefined {
  const { SUBQUAD_BROWSER: own, PATH = "" } = process.env;
  if (own !== undefined && own !== "") return own;
  const folders = PATH.split(delimiter).filter((folder) => folder !== "");
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
