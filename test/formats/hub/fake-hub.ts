/** A hub on 127.0.0.1 that speaks the real one's protocol: model info, tree listing, resolve with redirects, ranges. */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

/** A request as the servers saw it. */
export interface SeenRequest {
  readonly server: "hub" | "storage";
  readonly method: string;
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

/** One file that the fake hub offers. */
export interface FakeFile {
  readonly content: Buffer;
  /** Kept in LFS: listed with its SHA-256 and served from the storage host through a redirect. */
  readonly lfs?: boolean;
  /** What the listing claims in place of the truth. */
  readonly claimed?: { sha256?: string; size?: number };
}

export const COMMIT = "0123456789abcdef0123456789abcdef01234567";

export class FakeHub {
  readonly repository = "tests/tiny";
  readonly requests: SeenRequest[] = [];
  files = new Map<string, FakeFile>();
  /** Revisions besides the commit itself. */
  revisions = new Map<string, string>([["main", COMMIT]]);
  /** Every request is refused with this status and error code. */
  refuse: { status: number; code?: string; message?: string } | undefined;
  /** The storage closes the connection after this many bytes, once. */
  cutAfter: number | undefined;
  /** The storage ignores ranges, as some mirrors do. */
  withoutRanges = false;
  pageSize = 1000;
  #hub: Server | undefined;
  #storage: Server | undefined;

  async start(): Promise<void> {
    this.#hub = await listen((request, response) => this.#serveHub(request, response));
    this.#storage = await listen((request, response) => this.#serveStorage(request, response));
  }

  async stop(): Promise<void> {
    for (const server of [this.#hub, this.#storage]) {
      server?.closeAllConnections();
      await new Promise((resolve) => server?.close(resolve) ?? resolve(undefined));
    }
  }

  get endpoint(): string {
    return `http://127.0.0.1:${port(this.#hub)}`;
  }

  /** The requests for files' contents. */
  get downloads(): SeenRequest[] {
    return this.requests.filter((request) => request.path.includes("/resolve/"));
  }

  #note(server: "hub" | "storage", request: IncomingMessage): string {
    const path = request.url ?? "";
    const { range, authorization } = request.headers;
    this.requests.push({ server, method: request.method ?? "", path, range, authorization });
    return path;
  }

  #serveHub(request: IncomingMessage, response: ServerResponse): void {
    const path = this.#note("hub", request);
    if (this.refuse !== undefined) {
      const { status, code, message } = this.refuse;
      response.writeHead(status, code === undefined ? {} : { "x-error-code": code });
      response.end(JSON.stringify({ error: message ?? "refused" }));
      return;
    }
    const info = path.match(/^\/api\/models\/tests\/tiny\/revision\/([^?]+)/);
    const tree = path.match(/^\/api\/models\/tests\/tiny\/tree\/([^?]+)\?(.*)/);
    const file = path.match(/^\/tests\/tiny\/resolve\/([^/]+)\/(.+)/);
    if (info) this.#serveInfo(decodeURIComponent(info[1] ?? ""), response);
    else if (tree) this.#serveTree(tree[1] ?? "", new URLSearchParams(tree[2]), response);
    else if (file) this.#serveFile(file[1] ?? "", decodeURIComponent(file[2] ?? ""), request, response);
    else notFound(response, "RepoNotFound");
  }

  #serveInfo(revision: string, response: ServerResponse): void {
    const sha = revision === COMMIT ? COMMIT : this.revisions.get(revision);
    if (sha === undefined) {
      notFound(response, "RevisionNotFound");
      return;
    }
    response.setHeader("content-type", "application/json");
    response.end(
      JSON.stringify({ _id: "1", id: this.repository, sha, private: false, lastModified: "2026-01-01T00:00:00.000Z" }),
    );
  }

  #serveTree(commit: string, query: URLSearchParams, response: ServerResponse): void {
    if (![...this.revisions.values()].includes(commit)) {
      notFound(response, "RevisionNotFound");
      return;
    }
    const start = Number(query.get("cursor") ?? 0);
    const all = [...this.files].map(([path, file]) => listing(path, file));
    if (start + this.pageSize < all.length) {
      const next = `${this.endpoint}/api/models/tests/tiny/tree/${commit}?cursor=${start + this.pageSize}`;
      response.setHeader("link", `<${next}>; rel="next"`);
    }
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(all.slice(start, start + this.pageSize)));
  }

  #serveFile(commit: string, path: string, request: IncomingMessage, response: ServerResponse): void {
    const file = this.files.get(path);
    if (file === undefined) {
      notFound(response, "EntryNotFound");
      return;
    }
    response.setHeader("x-repo-commit", commit);
    if (file.lfs !== true) {
      response.setHeader("etag", `"${gitHash(file.content)}"`);
      this.#send(file.content, request, response);
      return;
    }
    response.setHeader("x-linked-etag", `"${sha256(file.content)}"`);
    response.setHeader("x-linked-size", String(file.content.length));
    response.writeHead(302, { location: `http://127.0.0.1:${port(this.#storage)}/blobs/${encodeURIComponent(path)}` });
    response.end();
  }

  #serveStorage(request: IncomingMessage, response: ServerResponse): void {
    const path = this.#note("storage", request);
    const file = this.files.get(decodeURIComponent(path.replace("/blobs/", "")));
    if (file === undefined) {
      notFound(response, "EntryNotFound");
      return;
    }
    this.#send(file.content, request, response);
  }

  #send(content: Buffer, request: IncomingMessage, response: ServerResponse): void {
    const range = this.withoutRanges ? null : /^bytes=(\d+)-$/.exec(request.headers.range ?? "");
    const start = Number(range?.[1] ?? 0);
    if (range && start >= content.length) {
      response.writeHead(416).end();
      return;
    }
    const part = content.subarray(start);
    response.setHeader("content-length", part.length);
    if (range) response.setHeader("content-range", `bytes ${start}-${content.length - 1}/${content.length}`);
    response.writeHead(range ? 206 : 200);
    const cut = this.cutAfter;
    if (cut !== undefined && part.length > cut) {
      this.cutAfter = undefined;
      response.write(part.subarray(0, cut), () => setTimeout(() => response.destroy(), 20));
      return;
    }
    response.end(part);
  }
}

function listing(path: string, file: FakeFile): object {
  const size = file.claimed?.size ?? file.content.length;
  if (file.lfs !== true) return { type: "file", path, size, oid: gitHash(file.content) };
  const oid = file.claimed?.sha256 ?? sha256(file.content);
  return { type: "file", path, size, oid: gitHash(Buffer.from(oid)), lfs: { oid, size, pointerSize: 130 } };
}

export function sha256(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

export function gitHash(content: Buffer): string {
  return createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");
}

function notFound(response: ServerResponse, code: string): void {
  response.writeHead(404, { "x-error-code": code }).end(JSON.stringify({ error: "not found" }));
}

function port(server: Server | undefined): number {
  const address = server?.address();
  if (typeof address !== "object" || address === null) throw new Error("the server is not listening");
  return address.port;
}

async function listen(handler: (request: IncomingMessage, response: ServerResponse) => void): Promise<Server> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}
