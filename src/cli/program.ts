/** The command line as one object. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { packageRoot } from "../package-root.ts";
import type { Verbs } from "../pipeline/contract.ts";
import { benchCommand } from "./commands/bench.ts";
import { cacheCommand } from "./commands/cache.ts";
import { chatCommand } from "./commands/chat.ts";
import { compareCommand } from "./commands/compare.ts";
import { datasetCommand } from "./commands/dataset.ts";
import { evaluateCommand } from "./commands/evaluate.ts";
import { generateCommand } from "./commands/generate.ts";
import { inspectCommand } from "./commands/inspect.ts";
import { linearizeCommand } from "./commands/linearize.ts";
import { logitsCommand } from "./commands/logits.ts";
import { mixersCommand } from "./commands/mixers.ts";
import { pretrainCommand } from "./commands/pretrain.ts";
import { probeCommand } from "./commands/probe.ts";
import { recipesCommand } from "./commands/recipes.ts";
import { fullName } from "./help.ts";
import type { Session } from "./session.ts";

/** The commands in the order of the help. */
const makers: readonly ((verbs: Verbs, session: Session) => Command)[] = [
  linearizeCommand,
  compareCommand,
  probeCommand,
  evaluateCommand,
  generateCommand,
  chatCommand,
  logitsCommand,
  inspectCommand,
  pretrainCommand,
  benchCommand,
  mixersCommand,
  datasetCommand,
  (_verbs, session) => recipesCommand(session),
  (_verbs, session) => cacheCommand(session),
];

/** The program, its output going to the session's terminal; errors are thrown, never exited on. */
export function createProgram(verbs: Verbs, session: Session): Command {
  const program = new Command("subquad")
    .description("Turn a pretrained softmax transformer into a linear-time, constant-memory model.")
    .version(packageVersion(), "-V, --version", "print the version")
    // What follows a command's name is that command's, also where one above it has an option of that name.
    .enablePositionalOptions()
    .addHelpText(
      "after",
      "\nsubquad COMMAND --help shows a command's options and examples. Documentation: docs/cli.md",
    );
  for (const make of makers) program.addCommand(make(verbs, session));
  configure(program, session);
  return program;
}

function configure(command: Command, session: Session): void {
  const { output, errors } = session.terminal;
  command
    .exitOverride()
    .showHelpAfterError(`(${fullName(command)} --help shows the options)`)
    .configureOutput({
      writeOut: (text) => output.write(text),
      writeErr: (text) => errors.write(text),
      getOutHelpWidth: () => output.columns ?? 100,
      getErrHelpWidth: () => errors.columns ?? 100,
    });
  for (const below of command.commands) configure(below, session);
}

function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8"));
  return typeof manifest === "object" && manifest !== null && "version" in manifest
    ? String(manifest.version)
    : "unknown";
}
