/** `subquad logits`: the likeliest next tokens. */
import type { Command } from "commander";
import type { Verbs } from "../../pipeline/contract.ts";
import { describedCommand, option } from "../help.ts";
import { addCommon, type CommonFlags, commonOptions, MODEL_HELP } from "../options.ts";
import { table } from "../output.ts";
import { ids, whole } from "../parse.ts";
import type { Session } from "../session.ts";
import { onePrompt } from "./generate.ts";

interface LogitsFlags extends CommonFlags {
  readonly prompt?: string;
  readonly ids?: number[];
  readonly top: number;
}

/** The command on its verb. */
export function logitsCommand(verbs: Pick<Verbs, "logits">, session: Session): Command {
  const command = describedCommand({
    name: "logits",
    summary: "show the likeliest next tokens and their logits",
    description:
      "Runs the model on a prompt and shows the largest logits at its last position: for comparing implementations.",
    examples: [
      { command: 'subquad logits smol-linear --prompt "The capital of France is" --top 5', meaning: "five candidates" },
      { command: "subquad logits model.gguf --ids 1,15,42 --json", meaning: "from token ids, as JSON" },
    ],
  })
    .argument("<model>", MODEL_HELP)
    .addOption(option("--prompt <text>", "the text whose next token is asked for"))
    .addOption(option("--ids <list>", "token ids instead of a text, for instance 1,2,3", { parse: ids }))
    .addOption(option("--top <k>", "how many tokens to show", { parse: whole(1, 1_000_000), fallback: 10 }));
  return addCommon(command).action(async (model: string, flags: LogitsFlags) => {
    onePrompt(flags);
    const { prompt, top } = flags;
    const document = await session.run(verbs.logits, { ...commonOptions(flags), model, prompt, ids: flags.ids, top });
    session.write(flags.json, document, ({ top_ids, top_logits }) =>
      table(
        [
          { heading: "token", align: "right" },
          { heading: "logit", align: "right" },
        ],
        top_ids.map((id, index) => [String(id), (top_logits[index] ?? Number.NaN).toFixed(5)]),
      ),
    );
  });
}
