/** A comparison as tables, for terminals and for Markdown alike. */
import { bytes, count, duration, measured, percent } from "../../units.ts";
import type { CompareDocument, CompareRow } from "../contract.ts";
import { longestRow } from "./order.ts";

/** A table of text. */
export interface CompareTable {
  readonly heading: string;
  readonly columns: readonly { readonly heading: string; readonly align?: "right" }[];
  readonly rows: readonly (readonly string[])[];
}

const right = (heading: string) => ({ heading, align: "right" as const });
const left = (heading: string) => ({ heading });

/** Quality on each test text, then what it cost, then the stages' losses. */
export function compareTables(document: CompareDocument): CompareTable[] {
  const rows = document.rows.filter(({ error }) => error === null);
  return [...document.texts.map(({ name }) => qualityTable(document, rows, name)), costTable(rows), lossTable(rows)];
}

/** What could not be run, and what the marks in the tables mean. */
export function compareNotes({ rows, finetuned_as }: CompareDocument): string[] {
  const failed = rows.flatMap(({ name, error }) => (error === null ? [] : [`${name} could not be run: ${error}`]));
  const beyond = rows.some(({ texts }) => texts.some(({ perplexity }) => perplexity.some(isBeyond)));
  return [
    ...failed,
    ...(finetuned_as === null
      ? []
      : [`finetuned-teacher: the teacher with the finetuning of ${finetuned_as}, on the same text and tokens.`]),
    ...(beyond ? ["* beyond the teacher's own context: marked, not compared"] : []),
  ];
}

type PerplexityRow = CompareRow["texts"][number]["perplexity"][number];

const isBeyond = ({ beyond_teacher_context }: PerplexityRow) => beyond_teacher_context;

/** Perplexity and ratio at every length, ablations at the longest. */
function qualityTable({ lengths }: CompareDocument, rows: readonly CompareRow[], text: string): CompareTable {
  const longest = lengths.at(-1) ?? 0;
  const figures = rows.map((row) => {
    const found = row.texts.find((each) => each.text === text);
    return { name: row.name, perplexity: found?.perplexity ?? [], share: found?.linear_share ?? null };
  });
  const parts = [
    ["window only", "window_only"],
    ["linear only", "linear_only"],
    ["neither", "neither"],
  ] as const;
  return {
    heading: `Perplexity on ${text}, at windows of ${lengths.join(" and ")} tokens; without parts, and the linear part's share, at ${longest}`,
    columns: [
      left("recipe"),
      ...lengths.flatMap((length) => [right(`at ${length}`), right("ratio")]),
      ...parts.map(([heading]) => right(heading)),
      right("linear share"),
    ],
    rows: figures.map(({ name, perplexity, share }) => [
      name,
      ...lengths.flatMap((length) => {
        const row = perplexity.find((each) => each.length === length);
        const mark = row !== undefined && isBeyond(row) ? "*" : "";
        return [`${measured(row?.model)}${mark}`, measured(row?.ratio)];
      }),
      ...parts.map(([, key]) => measured(longestRow(perplexity)?.[key])),
      share === null ? "–" : percent(share),
    ]),
  };
}

function costTable(rows: readonly CompareRow[]): CompareTable {
  return {
    heading: "What it took, and what decoding keeps",
    columns: [left("recipe"), ...["tokens", "time", "tokens/s", "state", "and per token"].map(right)],
    rows: rows.map((row) => [
      row.name,
      ...(row.kind === "teacher" ? ["–", "–", "–"] : [count(row.tokens), duration(row.seconds), rate(row)]),
      bytes(row.state_bytes_per_sequence),
      bytes(row.kv_bytes_per_token),
    ]),
  };
}

const rate = ({ tokens_per_second }: CompareRow) => count(tokens_per_second);

function lossTable(rows: readonly CompareRow[]): CompareTable {
  const stages = rows.flatMap(({ name, stages: own }) => own.map((stage) => ({ recipe: name, stage })));
  return {
    heading: "Held-out losses of the stages",
    columns: [left("recipe"), left("stage"), ...["tokens", "time", "before", "after"].map(right)],
    rows: stages.map(({ recipe, stage }) => [
      recipe,
      stage.name,
      count(stage.tokens),
      duration(stage.seconds),
      measured(stage.loss_first),
      measured(stage.loss_last),
    ]),
  };
}
