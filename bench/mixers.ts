/** Time and memory of token mixers by length: the same as `subquad bench mixers`, a JSON object a line for each mixer. */

import type { BenchOptions } from "./common.ts";
import { print, subquad } from "./common.ts";

/** `--presets a,b --lengths 256,1024 --heads N --dim N --repeats N --threads N --output FILE.svg`. */
export async function mixers(options: BenchOptions): Promise<void> {
  const names = ["presets", "lengths", "heads", "dim", "repeats", "memory", "output"];
  const given = names.flatMap((name) => (options[name] === undefined ? [] : [`--${name}`, options[name]]));
  const args = ["bench", "mixers", "--threads", options.threads ?? "2", ...given];
  const document = (await subquad(args)) as { readonly mixers: readonly Readonly<Record<string, unknown>>[] };
  for (const mixer of document.mixers) print(mixer);
}
