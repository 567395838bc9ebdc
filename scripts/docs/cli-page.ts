/** docs/cli.md, written from the command objects and the schemas of their JSON documents. */
import type { Command, Option } from "commander";
import type { z } from "zod";
import { commandExamples, fullName } from "../../src/cli/help.ts";
import { createProgram } from "../../src/cli/program.ts";
import { createSession } from "../../src/cli/session.ts";
import { processTerminal } from "../../src/cli/terminal.ts";
import { verbs } from "../../src/cli/verbs.ts";
import {
  benchMixersSchema,
  benchSchema,
  compareSchema,
  datasetSchema,
  evaluateSchema,
  generateSchema,
  inspectSchema,
  linearizePlanSchema,
  linearizeSchema,
  logitsSchema,
  mixersCheckSchema,
  mixersListSchema,
  mixersShowSchema,
  pretrainSchema,
  probeSchema,
} from "../../src/pipeline/contract.ts";
import { keyRows } from "../../src/recipes/index.ts";
import { code, markdownTable, page } from "./markdown.ts";

/** What `--json` prints, by command; several where an option changes it. */
const documents: Readonly<Record<string, Readonly<Record<string, z.ZodType>>>> = {
  linearize: { "": linearizeSchema, "--dry-run": linearizePlanSchema },
  compare: { "": compareSchema },
  probe: { "": probeSchema },
  evaluate: { "": evaluateSchema },
  generate: { "": generateSchema },
  logits: { "": logitsSchema },
  inspect: { "": inspectSchema },
  pretrain: { "": pretrainSchema },
  bench: { "": benchSchema },
  "bench mixers": { "": benchMixersSchema },
  "dataset listops": { "": datasetSchema },
  "dataset classification": { "": datasetSchema },
  "dataset retrieval": { "": datasetSchema },
  "mixers list": { "": mixersListSchema },
  "mixers show": { "": mixersShowSchema },
  "mixers check": { "": mixersCheckSchema },
};

const INTRODUCTION = `# Command line

*Written by \`npm run docs\` from the commands themselves: change those, not this page.*

- Results go to stdout, everything else (progress, notes, warnings, errors) to stderr. With \`--json\`, stdout is exactly one JSON document.
- MODEL is a folder in Hugging Face layout, a \`.gguf\`, a llama2.c \`.bin\` or \`org/name[@revision]\`. Token counts may be written \`300k\` or \`1M\`.
- Exit codes: 0 done, 1 an error that is named on stderr, 2 wrong usage, 130 interrupted (Ctrl-C once: what can be resumed is saved first).
- A setting's default gives way to the recipe, the recipe to the environment, the environment to the command line.
- \`SUBQUAD_DEBUG=1\` adds stack traces to errors; \`NO_COLOR\` and \`CI\` are honoured. Models are downloaded into the cache shared with Python (\`HF_HOME\`, \`HF_HUB_CACHE\`, \`HF_TOKEN\`, \`HF_HUB_OFFLINE\`).`;

/** The whole page. */
export function cliPage(): string {
  const session = createSession(processTerminal(), new AbortController().signal);
  const program = createProgram(verbs, session);
  const leaves = program.commands.flatMap((command) => [command, ...command.commands]);
  const contents = markdownTable(
    ["command", "what it does"],
    leaves.map((command) => [
      `[\`${fullName(command)}\`](#${fullName(command).replaceAll(" ", "-")})`,
      command.summary(),
    ]),
  );
  return page(INTRODUCTION, contents, ...leaves.map(commandSection));
}

function commandSection(command: Command): string {
  const name = fullName(command);
  const examples = commandExamples(command).map(({ command: line, meaning }) => `# ${meaning}\n${line}`);
  return page(
    `## ${name}`,
    `\`${name} ${command.usage()}\``,
    command.description(),
    markdownTable(
      ["argument", "meaning"],
      command.registeredArguments.map((argument) => [code(argument.name()), argument.description]),
    ),
    markdownTable(
      ["option", "meaning", "default", "environment"],
      command.options.map((option) => [
        code(option.flags),
        option.description,
        code(fallback(option)),
        code(option.envVar ?? ""),
      ]),
    ),
    examples.length === 0 ? "" : `\`\`\`sh\n${examples.join("\n")}\n\`\`\``,
    ...Object.entries(documents[name.replace(/^subquad /, "")] ?? {}).map(([flag, schema]) =>
      documentTable(flag, schema),
    ),
  ).trimEnd();
}

function fallback({ defaultValue, defaultValueDescription }: Option): string {
  if (defaultValueDescription !== undefined) return defaultValueDescription;
  return defaultValue === undefined ? "" : String(defaultValue);
}

function documentTable(flag: string, schema: z.ZodType): string {
  const rows = keyRows(schema, "", "[]").map(({ path, type, description }) => [code(path), type, description]);
  return `With ${flag === "" ? "`--json`" : `\`${flag} --json\``}:\n\n${markdownTable(["key", "type", "meaning"], rows)}`;
}
