/** The written pages stay true: their links, paths, command lines and imports, each against the thing itself. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type Command, CommanderError } from "commander";
import { describe, expect, test } from "vitest";
import { outputName } from "../src/cli/commands/linearize.ts";
import { fullName } from "../src/cli/help.ts";
import { createProgram } from "../src/cli/program.ts";
import { createSession } from "../src/cli/session.ts";
import { processTerminal } from "../src/cli/terminal.ts";
import { verbs } from "../src/cli/verbs.ts";
import * as library from "../src/index.ts";
import { packageRoot } from "../src/package-root.ts";
import { defaultModel } from "../src/pipeline/built-in/models.ts";
import { Collected } from "./cli/harness.ts";

const root = packageRoot();
const pages = [".", "docs"].flatMap((folder) =>
  readdirSync(join(root, folder)).flatMap((name) => (name.endsWith(".md") ? [join(folder, name)] : [])),
);

function textOf(page: string): string {
  return readFileSync(join(root, page), "utf8");
}

/** A page without its fenced blocks. */
function prose(text: string): string {
  return text.replace(/^```[\s\S]*?^```$/gm, "");
}

/** What stands in fenced blocks of the given languages. */
function fenced(text: string, ...languages: readonly string[]): string[] {
  const blocks = [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)];
  return blocks.flatMap(([, language = "", code = ""]) => (languages.includes(language) ? [code] : []));
}

function codeSpans(text: string): string[] {
  return [...prose(text).matchAll(/(`+)(.+?)\1/g)].map(([, , code = ""]) => code.trim());
}

/** The anchors GitHub gives a page's headings. */
function anchors(text: string): Set<string> {
  const headings = [...prose(text).matchAll(/^#{1,6} +(.+)$/gm)].map(([, heading = ""]) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, "")
        .trim()
        .replaceAll(" ", "-"),
    ),
  );
}

/** Relative links and images that lead nowhere. */
function deadLinks(page: string, text: string): string[] {
  const targets = [...prose(text).matchAll(/\]\(<?([^)>\s]+)>?\)|(?:src|href)="([^"]+)"/g)].map(
    ([, link, attribute]) => link ?? attribute ?? "",
  );
  return targets.filter((target) => {
    if (/^[a-z]+:/i.test(target)) return false;
    const [path = "", anchor] = target.split("#");
    const file = path === "" ? page : join(dirname(page), path);
    if (!existsSync(resolve(root, file))) return true;
    return anchor !== undefined && !anchors(textOf(file)).has(anchor);
  });
}

/** Paths of the repository in code spans that do not exist. */
function deadPaths(text: string): string[] {
  const paths = codeSpans(text).filter((code) => /^(src|docs|recipes|test|scripts)\/[\w./-]*$/.test(code));
  return paths.filter((path) => !existsSync(join(root, path)));
}

/** The command lines `subquad …` of a page: in shell blocks, and in code spans that are neither a synopsis nor a name. */
function commandLines(text: string): string[] {
  const lines = fenced(text, "sh", "bash").flatMap((code) => code.replace(/\\\n/g, " ").split("\n"));
  const spans = codeSpans(text).filter((code) => !/\[options\]|…/.test(code) && !commandNames.has(code));
  return [...lines, ...spans]
    .flatMap((line) => line.split(/&&|\|\|?|;/))
    .map((line) => line.trim().replace(/^(\w+=\S* +)*(npx +)?/, ""))
    .filter((line) => /^subquad ./.test(line));
}

/** The words of a command line, as a shell would cut it: quotes removed, comments and redirections left out. */
function words(line: string): string[] {
  const all = [...line.matchAll(/"([^"]*)"|'([^']*)'|(#.*$)|(>>? *\S+)|(\S+)/g)];
  return all.flatMap(([, double, single, comment, redirection, plain]) =>
    comment !== undefined || redirection !== undefined ? [] : [double ?? single ?? plain ?? ""],
  );
}

function newProgram(errors = new Collected()): Command {
  const terminal = { ...processTerminal(), output: new Collected(), errors, variables: {} };
  return createProgram(verbs, createSession(terminal, new AbortController().signal));
}

function allCommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(allCommands)];
}

/** What commander says against a command line; undefined where it would run. Nothing is run. */
async function fault(line: string): Promise<string | undefined> {
  const errors = new Collected();
  const program = newProgram(errors);
  for (const command of allCommands(program))
    if (command.commands.length === 0 || command.registeredArguments.length > 0) command.action(() => {});
  try {
    await program.parseAsync(words(line).slice(1), { from: "user" });
    return undefined;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return undefined;
    return error instanceof CommanderError ? errors.text : String(error);
  }
}

const commandNames = new Set(allCommands(newProgram()).map(fullName));

describe.each(pages)("%s", (page) => {
  const text = textOf(page);

  test("every relative link leads somewhere", () => {
    expect(deadLinks(page, text)).toEqual([]);
  });

  test("every path it names exists", () => {
    expect(deadPaths(text)).toEqual([]);
  });

  test("every command line parses", async () => {
    const faults: Record<string, string> = {};
    for (const line of commandLines(text)) {
      const problem = await fault(line);
      if (problem !== undefined) faults[line] = problem;
    }
    expect(faults).toEqual({});
  });

  test("every script it names exists", () => {
    const { scripts }: { scripts: object } = JSON.parse(textOf("package.json"));
    const known = Object.keys(scripts);
    const named = [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, name = ""]) => name);
    expect(named.filter((name) => !known.includes(name))).toEqual([]);
  });

  test("every value it imports is exported", () => {
    const imports = fenced(text, "ts").flatMap((code) => [...code.matchAll(/import \{([^}]*)\} from "subquad"/g)]);
    const names = imports.flatMap(([, list = ""]) => list.split(",").map((name) => name.trim()));
    const values = names.filter((name) => name !== "" && !name.startsWith("type "));
    expect(values.filter((name) => !(name in library))).toEqual([]);
  });
});

test("the README names the folder that its first command writes", () => {
  expect(textOf("README.md")).toContain(`\`${outputName(defaultModel, "lolcats")}\``);
});

test("the checks find what is wrong", async () => {
  const page = "README.md";
  expect(deadLinks(page, "[a](docs/none.md) [b](docs/cli.md#none) ![c](none.svg) [d](https://e.org)")).toEqual([
    "docs/none.md",
    "docs/cli.md#none",
    "none.svg",
  ]);
  expect(deadPaths("`src/none.ts`, `src/index.ts`, `none/at/all`")).toEqual(["src/none.ts"]);
  expect(
    commandLines("```sh\nnpm ci && npx subquad linearize # now\n```\n`subquad chat me`, `subquad recipes show`"),
  ).toEqual(["subquad linearize # now", "subquad chat me"]);
  expect(words(`subquad generate m --prompt "a b" > out.txt # why`)).toEqual([
    "subquad",
    "generate",
    "m",
    "--prompt",
    "a b",
  ]);
  expect(await fault("subquad linearize --tokens 300k --dry-run")).toBeUndefined();
  expect(await fault("subquad linearize --none")).toContain("unknown option");
  expect(await fault("subquad linearize --tokens many")).toContain("whole number");
  expect(await fault("subquad none")).toContain("unknown command");
  expect(commandLines(textOf(page)).length).toBeGreaterThan(8);
});
