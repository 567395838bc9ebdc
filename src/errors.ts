/** The one error type a user is meant to read: what went wrong, where, and what to do about it. */

/** A named failure of the user's input or surroundings; the command line prints its message and exits with 1. */
export class SubquadError extends Error {
  override name = "SubquadError";
}

/** A file that is truncated, malformed, hostile or of an unsupported kind. The message begins with its path. */
export class FormatError extends SubquadError {
  override name = "FormatError";

  constructor(path: string, problem: string, options?: ErrorOptions) {
    super(`${path}: ${problem}`, options);
  }
}
