/** `subquad chat`: a conversation in the terminal, in constant memory. */
import { createInterface, type Interface } from "node:readline";
import type { Command } from "commander";
import { SubquadError } from "../../errors.ts";
import type { ChatSession, Verbs } from "../../pipeline/contract.ts";
import { bytes, count } from "../../units.ts";
import { describedCommand, option } from "../help.ts";
import { addEngine, addSampling, type CommonFlags, commonOptions, MODEL_HELP } from "../options.ts";
import { tokens } from "../parse.ts";
import type { Session } from "../session.ts";

interface ChatFlags extends CommonFlags {
  readonly system?: string;
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topP: number;
  readonly seed: number;
  readonly loadState?: string;
}

const COMMANDS =
  "/reset forgets the conversation, /save FILE keeps its state, /status shows its size, /exit ends (Ctrl-C stops a reply)";

/** The command on its verb. */
export function chatCommand(verbs: Pick<Verbs, "chat">, session: Session): Command {
  const command = describedCommand({
    name: "chat",
    summary: "talk with a model in the terminal",
    description: `A conversation by the model's chat template. A line is a message; ${COMMANDS}.`,
    examples: [
      { command: "subquad chat smol-linear", meaning: "constant memory, any length" },
      {
        command: 'subquad chat smol-linear --system "Answer briefly." --temperature 0',
        meaning: "with a system message",
      },
    ],
  })
    .argument("<model>", MODEL_HELP)
    .addOption(option("--system <text>", "the system message"))
    .addOption(option("--max-tokens <n>", "tokens of a reply at most", { parse: tokens, fallback: 512 }));
  addSampling(command, { temperature: 0.7, topP: 0.9 }).addOption(
    option("--load-state <file>", "go on from a saved conversation"),
  );
  return addEngine(command).action(async (model: string, flags: ChatFlags) => {
    const { system, maxTokens, temperature, topP, seed, loadState } = flags;
    const chat = await session.run(verbs.chat, {
      ...commonOptions(flags),
      model,
      system,
      maxTokens,
      temperature,
      topP,
      seed,
      loadState,
    });
    try {
      await converse(chat, session);
    } finally {
      await chat.close();
    }
  });
}

/** Reads messages until the input ends, the user leaves or the session is stopped. */
async function converse(chat: ChatSession, session: Session): Promise<void> {
  const { input, output, errors } = session.terminal;
  const interactive = input.isTTY === true;
  const lines = createInterface({
    input,
    ...(interactive ? { output: errors as NodeJS.WriteStream, prompt: "> " } : {}),
    terminal: interactive,
  });
  let reply: AbortController | undefined;
  const stop = (): void => (reply === undefined ? lines.close() : reply.abort());
  lines.on("SIGINT", stop);
  session.context.signal.addEventListener("abort", stop);
  if (interactive) errors.write(`${COMMANDS}\n`);
  lines.prompt();
  try {
    for await (const line of lines) {
      if (line.startsWith("/")) {
        if (await runCommand(chat, line, session, lines)) break;
      } else if (line.trim() !== "") {
        reply = new AbortController();
        for await (const piece of chat.reply(line, reply.signal)) output.write(piece);
        reply = undefined;
        output.write("\n");
      }
      if (session.context.signal.aborted) break;
      lines.prompt();
    }
  } finally {
    session.context.signal.removeEventListener("abort", stop);
    lines.close();
  }
}

/** Runs a line that begins with a slash; true where the conversation is over. */
async function runCommand(chat: ChatSession, line: string, { context }: Session, lines: Interface): Promise<boolean> {
  const [name = "", ...rest] = line.trim().split(/\s+/);
  const argument = rest.join(" ");
  try {
    switch (name) {
      case "/exit":
      case "/quit":
        lines.close();
        return true;
      case "/reset":
        await chat.reset();
        context.reporter.note("the conversation is forgotten");
        return false;
      case "/status": {
        const { tokens: consumed, stateBytes } = chat.status();
        context.reporter.note(`${count(consumed)} tokens in ${bytes(stateBytes)} of state`);
        return false;
      }
      case "/save":
        if (argument === "") throw new SubquadError("/save needs a file name");
        await chat.save(argument);
        context.reporter.note(`saved to ${argument}: go on with --load-state ${argument}`);
        return false;
      default:
        context.reporter.note(COMMANDS);
        return false;
    }
  } catch (error) {
    // A failed command is no reason to lose the conversation.
    if (!(error instanceof SubquadError)) throw error;
    context.reporter.warn(error.message);
    return false;
  }
}
