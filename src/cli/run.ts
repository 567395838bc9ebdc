/** One run of the command line: arguments in, exit code out. */
import type { Verbs } from "../pipeline/contract.ts";
import { EXIT, reportError } from "./errors.ts";
import { createProgram } from "./program.ts";
import { createSession } from "./session.ts";
import type { Terminal } from "./terminal.ts";

/** Runs the program on its arguments (without node and script) and returns the exit code; never throws. */
export async function run(
  args: readonly string[],
  terminal: Terminal,
  verbs: Verbs,
  signal: AbortSignal,
): Promise<number> {
  try {
    await createProgram(verbs, createSession(terminal, signal)).parseAsync(args, { from: "user" });
    return EXIT.done;
  } catch (error) {
    return reportError(error, terminal);
  }
}
