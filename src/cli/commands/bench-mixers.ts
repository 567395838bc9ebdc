/** `subquad bench mixers`: time and memory of token mixers by length. */
import type { Command } from "commander";
import type { Verbs } from "../../pipeline/contract.ts";
import { describedCommand, option } from "../help.ts";
import { jsonOption, threadsOption } from "../options.ts";
import { between, lengths, list, whole } from "../parse.ts";
import { benchMixersText } from "../reports/bench-mixers.ts";
import type { Session } from "../session.ts";

interface BenchMixersFlags {
  readonly presets?: string[];
  readonly lengths: number[];
  readonly heads: number;
  readonly dim: number;
  readonly repeats: number;
  readonly memory: number;
  readonly seed: number;
  readonly threads?: number;
  readonly output?: string;
  readonly json?: boolean;
}

/** Powers of two, so that each length is twice the one before. */
const defaultLengths = [256, 512, 1024, 2048, 4096, 8192, 16384];

/** More heads or dimensions than a layer has. */
const MAXIMUM_SIZE = 1024;

/** The command on its verb. */
export function benchMixersCommand(verbs: Pick<Verbs, "benchMixers">, session: Session): Command {
  return describedCommand({
    name: "mixers",
    summary: "measure time and memory of token mixers by length, beside softmax attention",
    description:
      "Runs each mixer on random inputs of one sequence: forward, forward and backward together, and one decoding step. Prints the " +
      "median of the repetitions, the memory, and how the time grows as the length doubles, from 1k on: 2 is linear, and what is " +
      "above 2.3 is marked. A mixer whose next length would need too much memory or time ends there, and says so.",
    examples: [
      { command: "subquad bench mixers --output mixers.svg", meaning: "all mixers, with a plot" },
      {
        command: "subquad bench mixers --presets gla,gated-delta-net --lengths 1024,2048,4096 --threads 2",
        meaning: "two mixers beside softmax attention",
      },
    ],
  })
    .addOption(option("--presets <list>", "mixers by name (default: all; subquad mixers list)", { parse: list }))
    .addOption(
      option("--lengths <list>", "tokens of a sequence", {
        parse: lengths,
        fallback: defaultLengths,
        shown: defaultLengths.join(),
      }),
    )
    .addOption(option("--heads <n>", "heads", { parse: whole(1, MAXIMUM_SIZE), fallback: 8 }))
    .addOption(option("--dim <n>", "dimensions of a head", { parse: whole(1, MAXIMUM_SIZE), fallback: 64 }))
    .addOption(
      option("--repeats <n>", "repetitions once warm; more where they are short, fewer where they are long", {
        parse: whole(1, 1000),
        fallback: 5,
      }),
    )
    .addOption(
      option("--memory <gib>", "memory in GiB that one mixer may need", { parse: between(0, 1_000_000), fallback: 8 }),
    )
    .addOption(option("--seed <n>", "seed of the inputs", { parse: whole(0), fallback: 0, variable: "SUBQUAD_SEED" }))
    .addOption(threadsOption())
    .addOption(option("--output <file.svg>", "write a plot of the time per token"))
    .addOption(jsonOption())
    .action(async ({ json, memory, ...flags }: BenchMixersFlags) => {
      const document = await session.run(verbs.benchMixers, { ...flags, memory: memory * 2 ** 30 });
      session.write(json, document, benchMixersText);
    });
}
