/** Requests to the hub: whom the token is shown, how failures are named, what a listing may weigh. */
import { listFiles, modelInfo } from "@huggingface/hub";
import { type HubEnvironment, readToken } from "./environment.ts";
import { HubError, systemErrorCode } from "./errors.ts";
import { type HubReference, isCommitHash } from "./reference.ts";
import { checkTree, type Tree, type TreeFile } from "./tree.ts";

const MAXIMUM_ANSWER_BYTES = 32 * 2 ** 20; // a page of a listing has at most 1000 entries
const MAXIMUM_ERROR_BYTES = 64 * 2 ** 10;

/** A connection to the hub with the environment's endpoint, token and patience. */
export class HubClient {
  readonly #environment: HubEnvironment;
  #token: Promise<string | undefined> | undefined;

  constructor(environment: HubEnvironment) {
    this.#environment = environment;
  }

  /**
   * One request; answers other than 2xx (and 416, which a resumed download handles) become named errors.
   * @throws HubError of kind `offline`, `network`, `unauthorized`, `gated`, `not-found` or `server`.
   */
  async request(repository: string, url: string, init: RequestInit = {}): Promise<Response> {
    const { endpoint, offline } = this.#environment;
    if (offline) throw new HubError("offline", `${repository}: the network is switched off (HF_HUB_OFFLINE)`);
    this.#token ??= readToken(this.#environment);
    const token = await this.#token;
    const headers = new Headers(init.headers);
    headers.delete("authorization");
    // The token is for the hub alone; on a redirect to another host fetch drops it by itself.
    if (token !== undefined && new URL(url).origin === new URL(endpoint).origin) {
      headers.set("authorization", `Bearer ${token}`);
    }
    headers.set("user-agent", "subquad");
    const response = await fetch(url, { ...init, headers }).catch((error: unknown) => {
      throw networkError(repository, url, error);
    });
    if (response.ok || response.status === 416) return response;
    throw await this.#refusal(repository, url, response, token !== undefined);
  }

  /** The commit a revision points at, asked from the hub. */
  async resolveCommit(reference: HubReference): Promise<string> {
    const { repository, revision } = reference;
    const info = await modelInfo({
      name: repository,
      revision,
      hubUrl: this.#environment.endpoint,
      additionalFields: ["sha"],
      fetch: this.#boundedFetch(repository),
    }).catch((error: unknown) => {
      throw this.#malformed(repository, error);
    });
    if (typeof info.sha !== "string" || !isCommitHash(info.sha)) {
      throw new HubError("unsafe", `${repository}: the server answered with a malformed commit hash`);
    }
    return info.sha;
  }

  /** All files of a commit. */
  async listTree(repository: string, commit: string): Promise<Tree> {
    const entries: [string, TreeFile][] = [];
    try {
      const listing = listFiles({
        repo: { type: "model", name: repository },
        revision: commit,
        recursive: true,
        hubUrl: this.#environment.endpoint,
        fetch: this.#boundedFetch(repository),
      });
      for await (const entry of listing) {
        if (entry.type !== "file") continue;
        const { path, size, oid = "", lfs, xetHash } = entry;
        entries.push([path, { size: lfs?.size ?? size, blobId: oid, sha256: lfs?.oid, xetHash }]);
      }
    } catch (error) {
      throw this.#malformed(repository, error);
    }
    return checkTree(repository, entries);
  }

  /** The address of a file's content at a commit. */
  fileUrl(repository: string, commit: string, path: string): string {
    const escaped = path.split("/").map(encodeURIComponent).join("/");
    return `${this.#environment.endpoint}/${repository}/resolve/${commit}/${escaped}`;
  }

  /** The environment's patience with a silent connection, in milliseconds. */
  get timeout(): number {
    return this.#environment.timeout;
  }

  /** A fetch for the hub's own client: named errors, and answers of bounded size. */
  #boundedFetch(repository: string): typeof fetch {
    return async (input, init) => {
      const url = input instanceof Request ? input.url : String(input);
      const signal = AbortSignal.timeout(this.#environment.timeout);
      const response = await this.request(repository, url, { ...init, signal });
      const body = await readBounded(response, MAXIMUM_ANSWER_BYTES).catch((error: unknown) => {
        throw error instanceof HubError ? error : networkError(repository, url, error);
      });
      return new Response(body, { status: response.status, headers: response.headers });
    };
  }

  #malformed(repository: string, error: unknown): unknown {
    if (error instanceof HubError) return error;
    return new HubError("server", `${repository}: ${this.#environment.endpoint} answered with something unreadable`, {
      cause: error,
    });
  }

  async #refusal(repository: string, url: string, response: Response, withToken: boolean): Promise<HubError> {
    const { status } = response;
    const detail = await errorText(response);
    const code = response.headers.get("x-error-code") ?? "";
    const page = `${this.#environment.endpoint}/${repository}`;
    const said = detail === "" ? "" : ` The hub says: ${detail}`;
    if (code === "GatedRepo" || (status === 403 && /gated|restricted|access/i.test(detail))) {
      const remedy = withToken
        ? `accept its terms at ${page} with the account your token belongs to`
        : `accept its terms at ${page}, then log in with \`hf auth login\` or set HF_TOKEN`;
      return new HubError("gated", `${repository}: access to this model is restricted; ${remedy}.${said}`);
    }
    if (code === "RevisionNotFound") {
      return new HubError("not-found", `${repository}: has no such revision; ${page}/tree/main lists its branches.`);
    }
    if (code === "EntryNotFound") return new HubError("not-found", `${repository}: the hub has no file at ${url}.`);
    if (status === 401 || status === 403) {
      const remedy = withToken
        ? "your token may have expired or lack the right to read it"
        : "if it is private or gated, log in with `hf auth login` or set HF_TOKEN";
      return new HubError(
        "unauthorized",
        `${repository}: the hub refuses access (${status}): either there is no model of this name, or ${remedy}.${said}`,
      );
    }
    if (status === 404) {
      return new HubError("not-found", `${repository}: not found at ${page}; check the spelling.${said}`);
    }
    return new HubError("server", `${repository}: ${new URL(url).origin} answered with status ${status}.${said}`);
  }
}

/** A connection that could not be made, or broke, in words. */
export function networkError(repository: string, url: string, error: unknown): HubError {
  const timedOut = error instanceof Error && error.name === "TimeoutError";
  const reason = timedOut ? "no answer in time" : (systemErrorCode(error) ?? "the connection failed");
  return new HubError(
    "network",
    `${repository}: cannot reach ${new URL(url).origin} (${reason}); check the connection, name a mirror in HF_ENDPOINT, or pass a local folder`,
    { cause: error },
  );
}

async function readBounded(response: Response, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += part.length;
    if (length > limit) {
      throw new HubError("server", `${response.url}: an answer of more than ${limit} bytes; refused to read on`);
    }
    parts.push(part);
  }
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** The message in an error's body: the hub sends `{"error": …}`; pages of HTML are left out. */
async function errorText(response: Response): Promise<string> {
  const header = response.headers.get("x-error-message");
  if (header !== null) return header.slice(0, 300);
  try {
    const text = new TextDecoder().decode(await readBounded(response, MAXIMUM_ERROR_BYTES));
    const body: unknown = JSON.parse(text);
    return typeof body === "object" && body !== null && "error" in body ? String(body.error).slice(0, 300) : "";
  } catch {
    return "";
  }
}
