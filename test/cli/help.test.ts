import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { describe, expect, test } from "vitest";
import { cliPage } from "../../scripts/docs/cli-page.ts";
import { familiesPage } from "../../scripts/docs/families-page.ts";
import { mixersPage } from "../../scripts/docs/mixers-page.ts";
import { recipesPage } from "../../scripts/docs/recipes-page.ts";
import { commandExamples, fullName } from "../../src/cli/help.ts";
import { createProgram } from "../../src/cli/program.ts";
import { createSession } from "../../src/cli/session.ts";
import { processTerminal } from "../../src/cli/terminal.ts";
import { packageRoot } from "../../src/package-root.ts";
import { recordingVerbs, subquad } from "./harness.ts";

const { verbs } = recordingVerbs();
const program = createProgram(verbs, createSession(processTerminal(), new AbortController().signal));
const commands = program.commands.flatMap((command) => [command, ...command.commands]);

function pathOf(command: Command): string[] {
  return fullName(command).split(" ").slice(1);
}

describe("help", () => {
  test.each(commands.map((command) => [fullName(command), command] as const))(
    "%s --help names every option and gives examples",
    async (name, command) => {
      const { code, output } = await subquad([...pathOf(command), "--help"]);
      expect(code).toBe(0);
      for (const option of command.options) {
        expect(output).toContain(option.flags);
        expect(option.description).not.toBe("");
      }
      for (const example of commandExamples(command)) expect(output).toContain(example.command);
      expect(commandExamples(command).length).toBeGreaterThan(0);
      expect(output).toContain(`docs/cli.md#${name.replaceAll(" ", "-")}`);
    },
  );

  test("the commands of the contract have the contract's options", () => {
    const has = (name: string, ...flags: string[]): void => {
      const command = commands.find((each) => fullName(each) === `subquad ${name}`);
      expect(command?.options.map(({ long }) => long)).toEqual(expect.arrayContaining(flags));
    };
    const all = ["--threads", "--tokenizer", "--json"];
    has(
      "linearize",
      "--recipe",
      "--text",
      "--tokens",
      "--transfer-tokens",
      "--finetune-tokens",
      "--length",
      "--batch",
      ...all,
    );
    has("linearize", "--output", "--resume", "--set", "--seed", "--dry-run");
    has(
      "evaluate",
      "--against",
      "--text",
      "--lengths",
      "--max-tokens",
      "--tasks",
      "--task-data",
      "--limit",
      "--lm-eval-json",
      ...all,
    );
    has("evaluate", "--ablations", "--report");
    has("generate", "--prompt", "--ids", "--max-tokens", "--temperature", "--top-p", "--seed", "--ignore-eos", ...all);
    has("generate", "--load-state", "--save-state");
    has("logits", "--prompt", "--ids", "--top", ...all);
    has("inspect", "--recipe", "--length", "--batch", ...all);
    has("bench mixers", "--presets", "--lengths", "--heads", "--dim", "--repeats", "--threads", "--output", "--json");
    has("mixers list", "--heads", "--dim", "--json");
    has("mixers show", "--heads", "--groups", "--dim", "--hidden", "--length", "--json");
    has("mixers check", "--threads", "--json");
  });

  test("every example is a command line that would run", async () => {
    for (const { command: line } of commands.flatMap(commandExamples)) {
      const words = [...line.matchAll(/"([^"]*)"|[^\s>]+/g)].map(([word, quoted]) => quoted ?? word);
      const end = line.includes(" > ") ? words.length - 1 : words.length;
      const args = words.slice(1, end);
      if (args[0] === "recipes" || args[0] === "cache") continue;
      expect(await subquad(args), line).toMatchObject({ code: 0 });
    }
  });
});

describe("the written pages are up to date (npm run docs)", () => {
  test("docs/cli.md", async () => {
    expect(await readFile(join(packageRoot(), "docs", "cli.md"), "utf8")).toBe(cliPage());
  });

  test("docs/recipes.md", async () => {
    expect(await readFile(join(packageRoot(), "docs", "recipes.md"), "utf8")).toBe(await recipesPage());
  });

  test("docs/mixers.md", async () => {
    expect(await readFile(join(packageRoot(), "docs", "mixers.md"), "utf8")).toBe(await mixersPage());
  });

  test("docs/families.md", async () => {
    expect(await readFile(join(packageRoot(), "docs", "families.md"), "utf8")).toBe(await familiesPage());
  });
});
