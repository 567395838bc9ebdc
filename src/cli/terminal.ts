/** The streams and variables a command sees: the process's own, or a test's. */

/** Where text goes; a terminal where `isTTY` is true. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** Everything outside the program that commands may touch. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean | undefined };
  /** Results, and nothing else: pipes read it. */
  readonly output: Output;
  /** Progress, notes, warnings and errors. */
  readonly errors: Output;
  readonly variables: Readonly<Record<string, string | undefined>>;
}

/** The process's own terminal. */
export function processTerminal(): Terminal {
  return { input: process.stdin, output: process.stdout, errors: process.stderr, variables: process.env };
}

/** True where somebody watches the error stream: a terminal that is no build machine. */
export function isWatched({ errors, variables }: Terminal): boolean {
  return errors.isTTY === true && !isSet(variables.CI) && variables.TERM !== "dumb";
}

/** True where the error stream may be coloured (https://no-color.org). */
export function isColoured(terminal: Terminal): boolean {
  return isWatched(terminal) && !isSet(terminal.variables.NO_COLOR);
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== "" && value !== "0" && value !== "false";
}
