/** `subquad bench`: speed and memory by prompt length. */
import type { Command } from "commander";
import type { BenchDocument, Verbs } from "../../pipeline/contract.ts";
import { bytes, count } from "../../units.ts";
import { describedCommand, option } from "../help.ts";
import { addCommon, type CommonFlags, commonOptions, MODEL_HELP } from "../options.ts";
import { table } from "../output.ts";
import { lengths, tokens, whole } from "../parse.ts";
import type { Session } from "../session.ts";
import { benchMixersCommand } from "./bench-mixers.ts";

interface BenchFlags extends CommonFlags {
  readonly lengths: number[];
  readonly decodeTokens: number;
  readonly repeat: number;
}

/** The command on its verb. */
export function benchCommand(verbs: Pick<Verbs, "bench" | "benchMixers">, session: Session): Command {
  const command = describedCommand({
    name: "bench",
    summary: "measure prefill and decoding speed and memory by prompt length",
    description: "Reads prompts of the given lengths, decodes after each, and reports the median of the repetitions.",
    examples: [
      { command: "subquad bench smol-linear", meaning: "the default lengths" },
      {
        command: "subquad bench smol-linear --lengths 1024,8192,32768 --threads 2",
        meaning: "long prompts on two threads",
      },
    ],
  })
    .argument("<model>", MODEL_HELP)
    .addOption(
      option("--lengths <list>", "prompt lengths in tokens", {
        parse: lengths,
        fallback: [128, 1024, 8192],
        shown: "128,1024,8192",
      }),
    )
    .addOption(option("--decode-tokens <n>", "tokens to decode after each prompt", { parse: tokens, fallback: 64 }))
    .addOption(option("--repeat <n>", "repetitions of each measurement", { parse: whole(1, 1000), fallback: 3 }));
  command.enablePositionalOptions().addCommand(benchMixersCommand(verbs, session));
  return addCommon(command).action(async (model: string, flags: BenchFlags) => {
    const { lengths: wanted, decodeTokens, repeat } = flags;
    const document = await session.run(verbs.bench, {
      ...commonOptions(flags),
      model,
      lengths: wanted,
      decodeTokens,
      repeat,
    });
    session.write(flags.json, document, benchText);
  });
}

function benchText({ rows }: BenchDocument): string {
  const right = (heading: string) => ({ heading, align: "right" as const });
  return table(
    [right("prompt"), right("prefill tokens/s"), right("decode tokens/s"), right("state"), right("peak memory")],
    rows.map((row) => [
      String(row.length),
      count(row.prefill_tokens_per_second),
      count(row.decode_tokens_per_second),
      bytes(row.state_bytes),
      bytes(row.peak_memory_bytes),
    ]),
  );
}
