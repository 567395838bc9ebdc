/** The hub's settings, read from the same environment variables as Python's huggingface_hub. */
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

/** Where the hub is, where its cache lies, and whether the network may be used. */
export interface HubEnvironment {
  /** The folder that holds `models--org--name`. */
  readonly cacheFolder: string;
  /** Base address without a slash at its end. */
  readonly endpoint: string;
  /** The access token itself, where the environment holds one. */
  readonly token: string | undefined;
  /** The file that may hold the token where `token` is undefined. */
  readonly tokenFile: string | undefined;
  /** True: no socket is opened, whatever happens. */
  readonly offline: boolean;
  /** Milliseconds without a byte after which a connection counts as dead. */
  readonly timeout: number;
}

type Variables = Readonly<Record<string, string | undefined>>;

const TRUE_VALUES = new Set(["1", "ON", "YES", "TRUE"]);

/** huggingface_hub's reading of a boolean variable: 1, on, yes and true in any case; all else is false. */
export function isTrue(value: string | undefined): boolean {
  return value !== undefined && TRUE_VALUES.has(value.toUpperCase());
}

/** `~` and `$NAME` or `${NAME}` as Python's expanduser and expandvars write them out. */
function expand(path: string, variables: Variables): string {
  const home = variables.HOME || homedir();
  return path
    .replace(/^~(?=$|[/\\])/, home)
    .replace(/\$(\w+)|\$\{([^}]*)\}/g, (text, plain, braced) => variables[plain ?? braced] ?? text);
}

/** Reads the settings; pass variables to read others than the process's own. */
export function hubEnvironment(variables: Variables = process.env): HubEnvironment {
  const home = variables.HOME || homedir();
  const hubHome = expand(
    variables.HF_HOME || join(variables.XDG_CACHE_HOME || join(home, ".cache"), "huggingface"),
    variables,
  );
  const cacheFolder = expand(
    variables.HF_HUB_CACHE || variables.HUGGINGFACE_HUB_CACHE || join(hubHome, "hub"),
    variables,
  );
  const token = (variables.HF_TOKEN || variables.HUGGING_FACE_HUB_TOKEN || "").trim();
  const seconds = Number(variables.HF_HUB_DOWNLOAD_TIMEOUT);
  return {
    cacheFolder,
    endpoint: (variables.HF_ENDPOINT || "https://huggingface.co").replace(/\/+$/, ""),
    token: token === "" ? undefined : token,
    tokenFile: isTrue(variables.HF_HUB_DISABLE_IMPLICIT_TOKEN)
      ? undefined
      : expand(variables.HF_TOKEN_PATH || join(hubHome, "token"), variables),
    offline: isTrue(variables.HF_HUB_OFFLINE || variables.TRANSFORMERS_OFFLINE),
    timeout: (Number.isFinite(seconds) && seconds > 0 ? seconds : 10) * 1000,
  };
}

/** The access token: from the environment, else from the token file, else undefined. */
export async function readToken(environment: HubEnvironment): Promise<string | undefined> {
  if (environment.token !== undefined) return environment.token;
  if (environment.tokenFile === undefined) return undefined;
  const content = await readFile(environment.tokenFile, "utf8").catch(() => "");
  return content.trim() || undefined;
}
