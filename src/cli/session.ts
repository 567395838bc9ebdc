/** What a command works with: the terminal, the verbs' context, and how a verb's end is told. */
import type { Context, Verb } from "../pipeline/contract.ts";
import { Interrupted } from "./errors.ts";
import { writeResult } from "./output.ts";
import { terminalReporter } from "./progress.ts";
import type { Terminal } from "./terminal.ts";

/** One run of the program. */
export interface Session {
  readonly terminal: Terminal;
  readonly context: Context;
  /**
   * Runs a verb and returns its document.
   * @throws Interrupted where the user stopped it.
   */
  run<Options, Document>(
    verb: Verb<Options, Document>,
    options: Options,
    settings?: { readonly resumable?: boolean },
  ): Promise<Document>;
  /** Writes a result to stdout: JSON where it was asked for, else the text. */
  write<Document>(json: boolean | undefined, document: Document, render: (document: Document) => string): void;
}

/** A session on a terminal; the signal is aborted when the user wants to stop. */
export function createSession(terminal: Terminal, signal: AbortSignal): Session {
  const context: Context = { reporter: terminalReporter(terminal), signal };
  return {
    terminal,
    context,
    run: async (verb, options, settings = {}) => {
      try {
        return await verb(options, context);
      } catch (error) {
        // A verb may stop at any abort-aware call: whatever it then rejects with, the user's wish is the reason.
        if (signal.aborted) throw new Interrupted(settings.resumable);
        throw error;
      }
    },
    write: (json, document, render) => writeResult(terminal, json, document, render),
  };
}
