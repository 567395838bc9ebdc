/** The files of a comparison: as JSON while it goes on, as a page and a plot beside it. */
import { existsSync, readdirSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { SubquadError } from "../../errors.ts";
import { count } from "../../units.ts";
import { type CompareDocument, type CompareRow, compareSchema } from "../contract.ts";
import { readDocument } from "../read-document.ts";
import { writeJson, writeText } from "../save-model.ts";
import { comparePlot, type MixerOf } from "./plot.ts";
import { type CompareTable, compareNotes, compareTables } from "./tables.ts";

const [jsonName, pageName, plotName] = ["compare.json", "compare.md", "compare.svg"] as const;

/** Throws a SubquadError where the folder holds something else than a comparison. */
export function refuseOtherFolder(folder: string): void {
  const files = existsSync(folder) ? readdirSync(folder) : [];
  if (files.length > 0 && !files.includes(jsonName))
    throw new SubquadError(`${folder}: holds other files; choose another folder with --output`);
}

/** The rows that an earlier run has written. Throws a FormatError for a file that is no comparison. */
export async function writtenRows(folder: string): Promise<readonly CompareRow[]> {
  const path = join(folder, jsonName);
  return existsSync(path) ? (await readDocument(path, compareSchema)).rows : [];
}

/** Writes the comparison as far as it has come; each file appears whole. */
export async function writeComparison(document: CompareDocument, mixerOf: MixerOf): Promise<void> {
  const { output } = document;
  await mkdir(output, { recursive: true });
  await writeJson(join(output, jsonName), document);
  const plot = comparePlot(document, mixerOf);
  if (plot !== undefined) await writeText(join(output, plotName), plot);
  await writeText(join(output, pageName), comparePage(document, plot !== undefined));
}

/** The comparison as Markdown. */
export function comparePage(document: CompareDocument, withPlot: boolean): string {
  const { model, budget, texts } = document;
  const measuredOn = texts.map(({ name, tokens }) => `${name} (${count(tokens)} tokens)`).join(", ");
  const blocks = [
    `# Recipes on ${escaped(model)}`,
    `${count(budget)} tokens for each recipe, in all its stages together. Measured on ${escaped(measuredOn)}.`,
    ...(withPlot ? [`![Perplexity by length](${plotName})`] : []),
    ...compareTables(document).flatMap((table) => [`## ${escaped(table.heading)}`, markdownTable(table)]),
    ...compareNotes(document).map(escaped),
  ];
  return `${blocks.join("\n\n")}\n`;
}

function markdownTable({ columns, rows }: CompareTable): string {
  const line = (cells: readonly string[]) => `| ${cells.map(escaped).join(" | ")} |`;
  return [
    line(columns.map(({ heading }) => heading)),
    `| ${columns.map(({ align }) => (align === "right" ? "---:" : "---")).join(" | ")} |`,
    ...rows.map(line),
  ].join("\n");
}

/** Text that Markdown shows as it stands. */
function escaped(text: string): string {
  return text.replace(/[\\|*_<`]/g, "\\$&").replaceAll("\n", " ");
}
