/** `subquad generate`: text after a raw prompt. */
import type { Command } from "commander";
import type { GenerateDocument, Verbs } from "../../pipeline/contract.ts";
import { bytes, count } from "../../units.ts";
import { UsageError } from "../errors.ts";
import { describedCommand, option } from "../help.ts";
import { addCommon, addSampling, type CommonFlags, commonOptions, MODEL_HELP } from "../options.ts";
import { ids, tokens } from "../parse.ts";
import type { Session } from "../session.ts";

interface GenerateFlags extends CommonFlags {
  readonly prompt?: string;
  readonly ids?: number[];
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topP: number;
  readonly seed: number;
  readonly ignoreEos?: boolean;
  readonly loadState?: string;
  readonly saveState?: string;
}

/** The command on its verb. */
export function generateCommand(verbs: Pick<Verbs, "generate">, session: Session): Command {
  const command = describedCommand({
    name: "generate",
    summary: "continue a prompt",
    description:
      "Continues a raw prompt, without a chat template. The text goes to stdout as it comes; speed and memory go to stderr.",
    examples: [
      { command: 'subquad generate smol-linear --prompt "Once upon a time"', meaning: "the likeliest continuation" },
      {
        command: 'subquad generate smol-linear --prompt "The whale" --temperature 0.8 --top-p 0.95 --seed 7',
        meaning: "sampled, and the same again for the same seed",
      },
      {
        command: 'subquad generate smol-linear --prompt "$(cat book.txt)" --max-tokens 1 --save-state book.state',
        meaning: "read once, continue later from the state with --load-state",
      },
    ],
  })
    .argument("<model>", MODEL_HELP)
    .addOption(option("--prompt <text>", "the text to continue"))
    .addOption(option("--ids <list>", "token ids instead of a text, for instance 1,2,3", { parse: ids }))
    .addOption(option("--max-tokens <n>", "new tokens at most", { parse: tokens, fallback: 128 }));
  addSampling(command, { temperature: 0, topP: 1 })
    .addOption(option("--ignore-eos", "go on after the end-of-text token"))
    .addOption(option("--load-state <file>", "start from a saved state"))
    .addOption(option("--save-state <file>", "write the state after the last token"));
  return addCommon(command).action(async (model: string, flags: GenerateFlags) => {
    onePrompt(flags, flags.loadState !== undefined);
    const { output } = session.terminal;
    let streamed = false;
    const onText = (piece: string): void => {
      streamed = true;
      output.write(piece);
    };
    const document = await session.run(verbs.generate, {
      ...commonOptions(flags),
      model,
      prompt: flags.prompt,
      ids: flags.ids,
      maxTokens: flags.maxTokens,
      temperature: flags.temperature,
      topP: flags.topP,
      seed: flags.seed,
      ignoreEos: flags.ignoreEos === true,
      loadState: flags.loadState,
      saveState: flags.saveState,
      onText: flags.json === true ? undefined : onText,
    });
    session.write(flags.json, document, ({ text }) => (streamed ? "\n" : text));
    if (flags.json !== true) session.context.reporter.note(summaryLine(document));
  });
}

/** Refuses two prompts, or none where nothing else says what to begin with. */
export function onePrompt(flags: { prompt?: string; ids?: number[] }, optional = false): void {
  if (flags.prompt !== undefined && flags.ids !== undefined) {
    throw new UsageError("--prompt and --ids exclude each other: give one of them");
  }
  if (flags.prompt === undefined && flags.ids === undefined && !optional) {
    throw new UsageError("nothing to begin with: give --prompt TEXT or --ids 1,2,3");
  }
}

function summaryLine({
  ids: made,
  prompt_tokens,
  tokens_per_second,
  state_bytes,
  peak_memory_bytes,
}: GenerateDocument): string {
  const rate = (value: number | null) => (value === null ? "" : ` at ${count(value)} tokens/s`);
  return (
    `${prompt_tokens} prompt tokens${rate(tokens_per_second.prefill)}, ${made.length} new${rate(tokens_per_second.decode)}, ` +
    `state ${bytes(state_bytes)}, peak memory ${bytes(peak_memory_bytes)}`
  );
}
