/** From an error to what the user reads and the exit code: 1 named, 2 usage, 130 interrupted. */
import { CommanderError } from "commander";
import pc from "picocolors";
import { SubquadError } from "../errors.ts";
import { isColoured, type Terminal } from "./terminal.ts";

/** Exit codes of the command line. */
export const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** Options that contradict each other or lack one another; the message says which. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** The user asked to stop. */
export class Interrupted extends Error {
  override name = "Interrupted";

  constructor(resumable = false) {
    super(resumable ? "interrupted, resumable: run again with --resume" : "interrupted");
  }
}

/** Failures of the system that no code of ours can mend and no report helps with. */
const SYSTEM_HELP: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full; free some space and run again",
  EDQUOT: "the disk quota is used up; free some space and run again",
  EACCES: "permission denied; choose a place you may read and write",
  EPERM: "the system does not permit this; choose a place you may read and write",
  EROFS: "the file system is read-only; choose another place",
  EMFILE: "too many open files; raise the limit (ulimit -n)",
};

/** Prints an error for its reader and returns the exit code. */
export function reportError(error: unknown, terminal: Terminal): number {
  // Commander has already printed its message (or the help that was asked for).
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  const colours = pc.createColors(isColoured(terminal));
  const say = (text: string): void => {
    terminal.errors.write(`${text}\n`);
  };
  const debug = terminal.variables.SUBQUAD_DEBUG;
  if (error instanceof Interrupted) {
    say(error.message);
    return EXIT.interrupted;
  }
  if (error instanceof UsageError) {
    say(`${colours.red("error:")} ${error.message}`);
    return EXIT.usage;
  }
  const help = systemHelp(error);
  if (error instanceof SubquadError) say(`${colours.red("error:")} ${error.message}`);
  else if (help !== undefined) say(`${colours.red("error:")} ${messageOf(error)}: ${help}`);
  else {
    say(`${colours.red("unexpected error:")} ${messageOf(error)}`);
    if (!debug)
      say("This is a fault of subquad: please report it with the output of the same command under SUBQUAD_DEBUG=1.");
  }
  if (debug) say(stackOf(error));
  return EXIT.failed;
}

function systemHelp(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? SYSTEM_HELP[error.code]
    : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = error.stack ?? error.message;
  return error.cause === undefined ? own : `${own}\ncaused by ${stackOf(error.cause)}`;
}
