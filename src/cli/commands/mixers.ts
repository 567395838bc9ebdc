/** `subquad mixers`: what may take the place of softmax, and how true it is to what was published. */
import type { Command } from "commander";
import { SubquadError } from "../../errors.ts";
import type { Verbs } from "../../pipeline/contract.ts";
import { describedCommand, option } from "../help.ts";
import { jsonOption, threadsOption } from "../options.ts";
import { tokens, whole } from "../parse.ts";
import { mixersCheckText, mixersListText, mixersShowText } from "../reports/mixers.ts";
import type { Session } from "../session.ts";

type MixerVerbs = Pick<Verbs, "listMixers" | "showMixer" | "checkMixers">;

interface SizeFlags {
  readonly heads: number;
  readonly dim: number;
  readonly hidden?: number;
  readonly json?: boolean;
}

interface ShowFlags extends SizeFlags {
  readonly groups?: number;
  readonly length: number;
}

interface CheckFlags {
  readonly threads?: number;
  readonly json?: boolean;
}

/** Beyond the sizes of any model. */
const MAXIMUM_SIZE = 65_536;

/** The group of commands. */
export function mixersCommand(verbs: MixerVerbs, session: Session): Command {
  return describedCommand({
    name: "mixers",
    summary: "list, show and check token mixers",
    description:
      "Token mixers are the layers that may take the place of softmax attention: published ones, each a point in one space.",
    examples: [
      { command: "subquad mixers list", meaning: "the published mixers" },
      { command: "subquad mixers show gated-delta-net", meaning: "what one computes, needs and carries" },
    ],
  })
    .addCommand(listCommand(verbs, session))
    .addCommand(showCommand(verbs, session))
    .addCommand(checkCommand(verbs, session));
}

/** `--heads`, `--dim` and `--hidden`. */
function addSizes(command: Command): Command {
  return command
    .addOption(option("--heads <n>", "heads", { parse: whole(1, MAXIMUM_SIZE), fallback: 1 }))
    .addOption(option("--dim <n>", "dimensions of a head", { parse: whole(1, MAXIMUM_SIZE), fallback: 64 }))
    .addOption(
      option("--hidden <n>", "width of the stream that gates are made of (default: heads · dim)", {
        parse: whole(1, MAXIMUM_SIZE),
      }),
    );
}

function listCommand(verbs: MixerVerbs, session: Session): Command {
  const command = describedCommand({
    name: "list",
    summary: "list the published mixers",
    description:
      "Lists the presets: the forms they can be computed by, the size of one sequence's state, and whether results of published " +
      "code are compared with them.",
    examples: [
      { command: "subquad mixers list", meaning: "states per head of 64 dimensions" },
      { command: "subquad mixers list --heads 9 --json", meaning: "states of a layer of 9 heads, as JSON" },
    ],
  });
  return addSizes(command)
    .addOption(jsonOption())
    .action(async ({ heads, dim, hidden, json }: SizeFlags) => {
      session.write(json, await session.run(verbs.listMixers, { heads, dim, hidden }), mixersListText);
    });
}

function showCommand(verbs: MixerVerbs, session: Session): Command {
  const command = describedCommand({
    name: "show",
    summary: "print what a mixer computes, needs and carries",
    description:
      "Prints a preset's equation, its axes where they differ from the defaults, its forms with the reason for each missing one, " +
      "and its parameters and state with their shapes.",
    examples: [
      { command: "subquad mixers show lolcats", meaning: "for one head of 64 dimensions" },
      {
        command: "subquad mixers show gated-delta-net --heads 9 --dim 64 --hidden 576",
        meaning: "for a layer of SmolLM2-135M",
      },
    ],
  }).argument("<name>", "a mixer's name (subquad mixers list)");
  return addSizes(command)
    .addOption(option("--groups <n>", "key and value heads (default: heads)", { parse: whole(1, MAXIMUM_SIZE) }))
    .addOption(
      option("--length <n>", "the most tokens of a sequence, for states that grow", { parse: tokens, fallback: 1024 }),
    )
    .addOption(jsonOption())
    .action(async (name: string, { heads, groups, dim, hidden, length, json }: ShowFlags) => {
      const options = { name, heads, groups, dim, hidden, length };
      session.write(json, await session.run(verbs.showMixer, options), mixersShowText);
    });
}

function checkCommand(verbs: MixerVerbs, session: Session): Command {
  return describedCommand({
    name: "check",
    summary: "compare mixers with results of published code",
    description:
      "Reads files of inputs, outputs, states and gradients that published code computed, and prints the largest error of every form " +
      "of the mixer that answers to each. Ends with 1 where an error is above the tolerance or a file cannot be checked; the " +
      "others are checked all the same.",
    examples: [
      { command: "subquad mixers check gla.safetensors", meaning: "one file" },
      { command: "subquad mixers check goldens/*.safetensors --json", meaning: "all files of a folder, as JSON" },
    ],
  })
    .argument("<file...>", "safetensors files whose metadata names the published function")
    .addOption(threadsOption())
    .addOption(jsonOption())
    .action(async (files: string[], { threads, json }: CheckFlags) => {
      const document = await session.run(verbs.checkMixers, { files, threads });
      session.write(json, document, mixersCheckText);
      const failed = document.files.filter(({ passed }) => !passed).length;
      if (failed > 0) throw new SubquadError(`${failed} of ${files.length} files failed`);
    });
}
