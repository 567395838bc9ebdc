/** A lock between processes: a file that only one can create, kept fresh while it is held. */
import { randomUUID } from "node:crypto";
import { link, mkdir, open, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { HubError, namedDiskError, systemErrorCode } from "./errors.ts";

const HEARTBEAT = 5_000; // milliseconds between signs of life
const STALE = 30_000; // a lock without a sign of life for this long has lost its holder
const POLL = 100;

/** Waiting longer than this means that something other than a download holds the lock. */
const PATIENCE = 24 * 3600 * 1000;

/**
 * Runs `body` while holding the lock file `path`; waits for whoever holds it. A lock whose process is gone is taken over.
 * @throws HubError of kind `locked` after a day of waiting.
 */
export async function withLock<T>(path: string, body: () => Promise<T>): Promise<T> {
  const mark = JSON.stringify({ pid: process.pid, host: hostname(), id: randomUUID() });
  await acquire(path, mark);
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => {});
  }, HEARTBEAT);
  heartbeat.unref();
  try {
    return await body();
  } finally {
    clearInterval(heartbeat);
    // Only what is still ours is removed: a lock taken over after a long sleep belongs to another.
    if ((await readFile(path, "utf8").catch(() => "")) === mark) await rm(path, { force: true });
  }
}

async function acquire(path: string, mark: string): Promise<void> {
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    try {
      await mkdir(dirname(path), { recursive: true });
      const handle = await open(path, "wx");
      try {
        await handle.writeFile(mark);
      } finally {
        await handle.close();
      }
      return;
    } catch (error) {
      if (systemErrorCode(error) !== "EEXIST") throw namedDiskError(error, path);
    }
    await removeIfAbandoned(path);
    if (Date.now() > deadline) {
      throw new HubError("locked", `${path}: held by another process for a day; remove this file if there is none`);
    }
    await sleep(POLL);
  }
}

async function removeIfAbandoned(path: string): Promise<void> {
  const content = await readFile(path, "utf8").catch(() => undefined);
  const age = await stat(path).then(
    (status) => Date.now() - status.mtimeMs,
    () => 0,
  );
  if (content === undefined || !(age > STALE || (age > POLL && holderIsGone(content)))) return;
  // The name is moved away first, so that of several waiting processes one alone removes it.
  const aside = `${path}.${randomUUID()}`;
  const moved = await rename(path, aside).then(
    () => true,
    () => false,
  );
  if (!moved) return;
  // What was moved may be a fresh lock that appeared in between: then it goes back.
  if ((await readFile(aside, "utf8").catch(() => content)) !== content) await link(aside, path).catch(() => {});
  await rm(aside, { force: true });
}

function holderIsGone(content: string): boolean {
  try {
    const { pid, host }: { pid?: unknown; host?: unknown } = JSON.parse(content);
    if (host !== hostname() || typeof pid !== "number") return false;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return systemErrorCode(error) === "ESRCH";
  }
}
