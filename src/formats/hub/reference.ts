/** The name of a model on the hub: `org/name[@revision]`. */
import { HubError } from "./errors.ts";

/** A repository on the hub at a revision. */
export interface HubReference {
  /** `org/name`, or `name` for the hub's few models without an organisation. */
  readonly repository: string;
  /** A branch, a tag, a commit hash or `refs/pr/N`. */
  readonly revision: string;
}

const NAME = /^[\w](?:[\w.-]*[\w])?$/;
const REVISION = /^[\w][\w./+-]*$/;
const MAXIMUM_NAME_LENGTH = 96; // the hub's own limit on a repository's name
const MAXIMUM_REVISION_LENGTH = 256; // git's refs are bounded by file names; the hub's are shorter still

/** True for a full commit hash, which never changes its content. */
export function isCommitHash(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}

/** The parts of `org/name[@revision]`, or undefined where the text has another shape. */
export function matchHubReference(text: string): HubReference | undefined {
  const at = text.indexOf("@");
  const repository = (at < 0 ? text : text.slice(0, at)).replace(/^hf:\/\/(models\/)?/, "");
  const revision = at < 0 ? "main" : text.slice(at + 1);
  const parts = repository.split("/");
  const named = parts.every((part) => NAME.test(part) && !part.includes("--") && !part.includes(".."));
  if (parts.length !== 2 || !named || repository.length > MAXIMUM_NAME_LENGTH) return undefined;
  const harmless =
    REVISION.test(revision) && !revision.split("/").some((part) => part === "" || part === "." || part.includes(".."));
  return harmless && revision.length <= MAXIMUM_REVISION_LENGTH ? { repository, revision } : undefined;
}

/**
 * Parses `org/name[@revision]`; the revision defaults to `main`.
 * @throws HubError of kind `name` where the text is not of this form.
 */
export function parseHubReference(text: string): HubReference {
  const reference = matchHubReference(text);
  if (reference !== undefined) return reference;
  throw new HubError(
    "name",
    `"${text}" is not a model on the hub: write org/name or org/name@revision, for instance HuggingFaceTB/SmolLM2-135M@main`,
  );
}
