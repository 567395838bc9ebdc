/** What `bench mixers` measured, for people. */
import type { BenchMixersDocument } from "../../pipeline/contract.ts";
import { bytes } from "../../units.ts";
import { blocks, type Column, table } from "../output.ts";

type Mixer = BenchMixersDocument["mixers"][number];

const left = (heading: string): Column => ({ heading });
const right = (heading: string): Column => ({ heading, align: "right" });

/** Times and memory by mixer and length, then how they grow, then why mixers were left early. */
export function benchMixersText({ mixers, heads, dim, threads, output }: BenchMixersDocument): string {
  const stopped = mixers.flatMap((mixer) =>
    mixer.stopped === null ? [] : [`${mixer.name} ends before ${mixer.stopped}`],
  );
  return blocks(
    mixers.some(({ rows }) => rows.length > 0) ? timesTable(mixers) : "",
    mixers.some(({ ratios }) => ratios.length > 0) ? ratiosTable(mixers) : "",
    stopped.join("\n"),
    `One sequence, ${heads} heads of ${dim} dimensions, float32, ${threads} threads; backward is forward and backward together.`,
    output === null ? "" : `The plot is in ${output}.`,
  );
}

function timesTable(mixers: readonly Mixer[]): string {
  const columns = [
    ...["mixer", "form"].map(left),
    ...["tokens", "forward", "backward", "step", "memory", "state"].map(right),
  ];
  const rows = mixers.flatMap(({ name, form, rows: measured }) =>
    measured.map((row) => [
      name,
      form ?? "–",
      String(row.length),
      time(row.forward_seconds),
      time(row.backward_seconds),
      row.step_seconds === null ? "–" : time(row.step_seconds),
      bytes(row.memory_bytes ?? row.tensor_bytes),
      bytes(row.state_bytes),
    ]),
  );
  return table(columns, rows);
}

/** The growth of backward by length; forward only where it is what is above the limit. */
function ratiosTable(mixers: readonly Mixer[]): string {
  const lengths = [...new Set(mixers.flatMap(({ ratios }) => ratios.map(({ length }) => length)))].toSorted(
    (a, b) => a - b,
  );
  const cell = ({ ratios }: Mixer, length: number): string => {
    const ratio = ratios.find((each) => each.length === length);
    if (ratio === undefined) return "–";
    const text = `${ratio.forward.toFixed(2)} ${ratio.backward.toFixed(2)}`;
    return ratio.above ? `${text} !` : `${text}  `;
  };
  const rows = mixers.map((mixer) => [mixer.name, ...lengths.map((length) => cell(mixer, length))]);
  const headings = lengths.map((length) => `${length} to ${2 * length}  `);
  return `Time of twice the length over time of the length, forward and backward (2 is linear, ! above 2.3):\n\n${table([left("mixer"), ...headings.map(right)], rows)}`;
}

/** `12 µs`, `3.4 ms`, `1.2 s`. */
function time(seconds: number): string {
  const [value, unit] = seconds < 1e-3 ? [seconds * 1e6, "µs"] : seconds < 1 ? [seconds * 1e3, "ms"] : [seconds, "s"];
  return `${Number(value.toPrecision(3))} ${unit}`;
}
