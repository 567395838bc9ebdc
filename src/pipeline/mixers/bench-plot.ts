/** What `bench mixers` measured, as a plot: time per token by length. */
import { accessSync, constants, statSync } from "node:fs";
import { dirname } from "node:path";
import { SubquadError } from "../../errors.ts";
import { linePlotSvg, type Series } from "../../evaluation/plot/line-plot.ts";
import { colours } from "../../evaluation/plot/palette.ts";
import { writeWholeFile } from "../../formats/whole-file.ts";
import type { BenchMixersDocument } from "../contract.ts";
import { presetOf } from "./describe.ts";
import { groupLegend, groupOf } from "./groups.ts";

/** What softmax attention is called: every mixer is seen beside it. */
export const softmax = "softmax";

/** The plot of forward and backward, per token. Throws a RangeError where nothing was measured. */
export function benchPlot({ mixers, heads, dim, threads }: BenchMixersDocument): string {
  const measured = mixers.filter(({ rows }) => rows.length > 0);
  const others = measured.flatMap(({ name }) => (name === softmax ? [] : [name]));
  const longest = Math.max(...measured.flatMap(({ rows }) => rows.map(({ length }) => length)));
  const grouped = others.length > colours;
  const series = measured.map(({ name, rows }): Series => {
    const points = rows.map((row) => ({ x: row.length, y: (1e6 * row.backward_seconds) / row.length }));
    const last = points.at(-1) ?? { x: 0, y: 0 };
    const note = `${microseconds(last.y)} µs${last.x < longest ? ` at ${lengthText(last.x)}` : ""}`;
    if (name === softmax) return { name, note, points };
    return { name, note, points, colour: grouped ? groupOf(presetOf(name).spec) : others.indexOf(name) };
  });
  return linePlotSvg({
    title: "Time per token, forward and backward",
    subtitle: `One sequence, ${heads} heads of ${dim} dimensions, float32, ${threads} threads. A level line is linear time.`,
    xLabel: "tokens of the sequence",
    yLabel: "µs per token",
    xText: lengthText,
    yText: microseconds,
    series,
    legend: grouped ? groupLegend(series) : [],
  });
}

const microseconds = (value: number) => String(Number(value.toPrecision(2)));

/** `512`, `16k`. */
const lengthText = (length: number) => (length % 1024 === 0 ? `${length / 1024}k` : String(length));

/** Throws a SubquadError where no plot could be written to the path: to be told before minutes of measuring. */
export function requireWritable(path: string): void {
  try {
    accessSync(dirname(path), constants.W_OK);
  } catch (cause) {
    throw new SubquadError(`${path}: cannot be written (its folder is missing, or not writable)`, { cause });
  }
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory())
    throw new SubquadError(`${path}: is a folder; name a file to write the plot to`);
}

/** Writes the plot, whole or not at all. */
export async function writePlot(path: string, document: BenchMixersDocument): Promise<void> {
  const text = benchPlot(document);
  await writeWholeFile(path, (append) => append(new TextEncoder().encode(text)));
}
