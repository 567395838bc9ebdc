/** Help beyond options: examples and where to read more, kept so that the documentation is written from the same text. */
import { Command, Option } from "commander";

/** A command line and what it does. */
export interface Example {
  readonly command: string;
  readonly meaning: string;
}

const examplesOf = new WeakMap<Command, readonly Example[]>();

/** What every command says about itself. */
export interface CommandText {
  readonly name: string;
  /** One line, for the list of commands. */
  readonly summary: string;
  /** One or more sentences, for the command's own help. */
  readonly description: string;
  readonly examples: readonly Example[];
}

/** A command with its texts; examples and the link to the documentation stand at the end of its help. */
export function describedCommand({ name, summary, description, examples }: CommandText): Command {
  const command = new Command(name).summary(summary).description(description);
  examplesOf.set(command, examples);
  command.addHelpText("after", () => helpEnd(command));
  return command;
}

/** The examples of a command. */
export function commandExamples(command: Command): readonly Example[] {
  return examplesOf.get(command) ?? [];
}

/** A command's full name: `subquad recipes show`. */
export function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}

function helpEnd(command: Command): string {
  const lines = commandExamples(command).flatMap(({ command: line, meaning }) => [`  # ${meaning}`, `  ${line}`]);
  const anchor = fullName(command).replaceAll(" ", "-");
  return `\nExamples:\n${lines.join("\n")}\n\nDocumentation: docs/cli.md#${anchor}`;
}

/** An option with a parser, a default and a variable of the environment, each where it has one. */
export function option<Value>(
  flags: string,
  description: string,
  settings: {
    readonly parse?: (text: string, previous: Value | undefined) => Value;
    readonly fallback?: Value;
    readonly shown?: string;
    readonly variable?: string;
  } = {},
): Option {
  const made = new Option(flags, description);
  if (settings.parse !== undefined) made.argParser(settings.parse);
  if (settings.fallback !== undefined) made.default(settings.fallback, settings.shown);
  if (settings.variable !== undefined) made.env(settings.variable);
  return made;
}
