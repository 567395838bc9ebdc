#!/usr/bin/env node
/** The executable: the process's terminal and signals around one run. */
import { EXIT } from "./errors.ts";
import { run } from "./run.ts";
import { processTerminal } from "./terminal.ts";
import { verbs } from "./verbs.ts";

const controller = new AbortController();

function stop(): void {
  if (controller.signal.aborted) process.exit(EXIT.interrupted);
  process.stderr.write("\nstopping as soon as nothing is lost; once more to stop at once\n");
  controller.abort();
}

process.on("SIGINT", stop);
process.on("SIGTERM", stop);
// A reader such as `head` may leave early: that is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) =>
  process.exit(error.code === "EPIPE" ? EXIT.done : EXIT.failed),
);

const code = await run(process.argv.slice(2), processTerminal(), verbs, controller.signal);
// Idle connections and worker threads must not keep a finished program alive; what is written must still arrive.
await Promise.all([process.stdout, process.stderr].map((stream) => new Promise((done) => stream.write("", done))));
process.exit(code);
