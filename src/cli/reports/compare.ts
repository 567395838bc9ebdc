/** A comparison of recipes for people. */
import { compareNotes, compareTables } from "../../pipeline/compare/tables.ts";
import type { CompareDocument } from "../../pipeline/contract.ts";
import { count } from "../../units.ts";
import { blocks, table } from "../output.ts";

/** The tables of a comparison, what could not be run, and where all of it was written. */
export function compareText(document: CompareDocument): string {
  const { model, budget, output } = document;
  return blocks(
    `${model}, ${count(budget)} tokens for each recipe`,
    ...compareTables(document).map(({ heading, columns, rows }) => `${heading}:\n\n${table(columns, rows)}`),
    compareNotes(document).join("\n"),
    `Written to ${output}: compare.md, compare.svg, compare.json, and each model in a folder of its name.`,
  );
}
