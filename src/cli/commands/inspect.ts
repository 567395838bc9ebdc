/** `subquad inspect`: what a model is and needs. */
import type { Command } from "commander";
import type { InspectDocument, Verbs } from "../../pipeline/contract.ts";
import { bytes, count, duration } from "../../units.ts";
import { describedCommand, option } from "../help.ts";
import { addCommon, type CommonFlags, commonOptions, MODEL_HELP } from "../options.ts";
import { pairs } from "../output.ts";
import { tokens, whole } from "../parse.ts";
import type { Session } from "../session.ts";

interface InspectFlags extends CommonFlags {
  readonly recipe?: string;
  readonly length?: number;
  readonly batch?: number;
}

/** The command on its verb. */
export function inspectCommand(verbs: Pick<Verbs, "inspect">, session: Session): Command {
  const command = describedCommand({
    name: "inspect",
    summary: "show a model's family, layers, state and memory needs",
    description:
      "Reads headers and configuration only: no weight is read. Every tensor's name and shape is checked, and one product is timed for the estimate.",
    examples: [
      { command: "subquad inspect HuggingFaceTB/SmolLM2-135M", meaning: "the model as it stands" },
      {
        command: "subquad inspect HuggingFaceTB/SmolLM2-135M --recipe lolcats --length 2048",
        meaning: "what its conversion would need",
      },
    ],
  })
    .argument("<model>", MODEL_HELP)
    .addOption(option("--recipe <name|file>", "estimate the model as this recipe converts it"))
    .addOption(option("--length <n>", "tokens per sequence of the estimates", { parse: tokens }))
    .addOption(option("--batch <n>", "sequences per pass of the estimates", { parse: whole(1, 65536) }));
  return addCommon(command).action(async (model: string, flags: InspectFlags) => {
    const { recipe, length, batch } = flags;
    const document = await session.run(verbs.inspect, { ...commonOptions(flags), model, recipe, length, batch });
    session.write(flags.json, document, inspectText);
  });
}

function inspectText(document: InspectDocument): string {
  const { memory_needed: memory } = document;
  return pairs([
    ["family", document.family],
    ["parameters", count(document.parameters)],
    ["layers", layersText(document.layers.map(({ mixer }) => mixer))],
    ["would be replaced", replacedText(document)],
    ["context", document.context === null ? "unlimited" : `${document.context} tokens`],
    ["state per sequence", bytes(document.state_bytes_per_sequence)],
    ["cache per token", bytes(document.kv_bytes_per_token)],
    ["memory to transfer", memory.transfer === null ? "–" : bytes(memory.transfer)],
    ["memory to finetune", memory.finetune === null ? "–" : bytes(memory.finetune)],
    ["memory to decode", bytes(memory.decode)],
    ["time to convert", timeText(document)],
  ]);
}

/** `2 of 3 by lolcats`, and what stays. */
function replacedText({ layers, recipe }: InspectDocument): string {
  const stays = [...layers.keys()].filter((layer) => layers[layer]?.replaced_by === null);
  if (stays.length === layers.length) return "none";
  const rest = stays.length === 0 ? "" : ` (all but ${stays.join(", ")})`;
  return `${layers.length - stays.length} of ${layers.length} by ${recipe}${rest}`;
}

function timeText({ seconds_needed: needed, training_tokens: learned, recipe }: InspectDocument): string {
  if (needed === null) return "–";
  return `about ${duration(needed)} here (${recipe}, ${count(learned)} tokens)`;
}

/** `28 lolcats, 2 softmax (0, 15)`: the rarer mixers with their layers. */
function layersText(mixers: readonly string[]): string {
  return [...grouped(mixers)]
    .sort((left, right) => right[1].length - left[1].length)
    .map(([mixer, layers], rank) => `${layers.length} ${mixer}${rank > 0 ? ` (${layers.join(", ")})` : ""}`)
    .join(", ");
}

function grouped(mixers: readonly string[]): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  for (const [layer, mixer] of mixers.entries()) groups.set(mixer, [...(groups.get(mixer) ?? []), layer]);
  return groups;
}
