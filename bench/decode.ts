/** Memory and speed over a long generation: both must stay flat. */

import type { BenchOptions } from "./common.ts";
import { print, subquad } from "./common.ts";

interface Generated {
  readonly tokens_per_second: { readonly prefill: number; readonly decode: number };
  readonly state_bytes: number;
  readonly samples: readonly {
    readonly tokens: number;
    readonly memory_bytes: number;
    readonly tokens_per_second: number;
  }[];
}

/** `--model DIR --tokens N`: the first and the last thousand tokens. */
export async function decode(options: BenchOptions): Promise<void> {
  const tokens = options.tokens ?? "4000";
  const args = [
    "generate",
    options.model ?? "tiny",
    "--prompt",
    "The",
    "--max-tokens",
    tokens,
    "--ignore-eos",
    "--threads",
    options.threads ?? "2",
  ];
  const { samples, state_bytes, tokens_per_second } = (await subquad(args)) as Generated;
  const mean = (rows: Generated["samples"], key: "memory_bytes" | "tokens_per_second") =>
    rows.reduce((sum, row) => sum + row[key], 0) / rows.length;
  const last = Number(tokens);
  const first = samples.filter((row) => row.tokens <= 1000);
  const end = samples.filter((row) => row.tokens > last - 1000);
  print({
    tokens: last,
    state_bytes,
    decode_tokens_per_second: tokens_per_second.decode,
    memory_ratio: mean(end, "memory_bytes") / mean(first, "memory_bytes"),
    speed_ratio: mean(end, "tokens_per_second") / mean(first, "tokens_per_second"),
  });
}
