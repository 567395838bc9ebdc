/** What can go wrong between a model's name on the hub and its files on disk. */
import { SubquadError } from "../../errors.ts";

/** The kinds of failure, for callers that react to one (a retry, another exit path). */
export type HubFailure =
  | "name"
  | "unauthorized"
  | "gated"
  | "not-found"
  | "unsupported"
  | "network"
  | "server"
  | "offline"
  | "damaged"
  | "unsafe"
  | "disk"
  | "locked";

/** A failure to turn `org/name[@revision]` into a local folder; the message says what to do. */
export class HubError extends SubquadError {
  override name = "HubError";
  readonly kind: HubFailure;

  constructor(kind: HubFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** The system's error code (`ENOENT`, `ECONNREFUSED`, …) of an error or of one of its causes, if it has one. */
export function systemErrorCode(error: unknown): string | undefined {
  for (let current = error; current instanceof Error; current = current.cause) {
    if ("code" in current && typeof current.code === "string") return current.code;
    if (current instanceof AggregateError) {
      const code = systemErrorCode(current.errors[0]);
      if (code !== undefined) return code;
    }
  }
  return undefined;
}

/** Disk errors in words; any other error is passed through. */
export function namedDiskError(error: unknown, path: string): unknown {
  const code = systemErrorCode(error);
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new HubError(
      "disk",
      `${path}: the disk is full; free some space (what is downloaded so far is kept and will be resumed), or point HF_HUB_CACHE elsewhere`,
      { cause: error },
    );
  }
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") {
    return new HubError("disk", `${path}: not writable (${code}); point HF_HUB_CACHE to a folder you may write to`, {
      cause: error,
    });
  }
  return error;
}
