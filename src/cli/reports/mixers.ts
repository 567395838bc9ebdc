/** Mixers for people: the list, one of them, and how they compare with published code. */
import type { MixersCheckDocument, MixersListDocument, MixersShowDocument } from "../../pipeline/contract.ts";
import { bytes } from "../../units.ts";
import { blocks, pairs, table } from "../output.ts";

/** The presets, a line each. */
export function mixersListText({ heads, dim, mixers }: MixersListDocument): string {
  const rows = table(
    [
      { heading: "name" },
      { heading: "what" },
      { heading: "paper" },
      { heading: "state", align: "right" },
      { heading: "forms" },
      { heading: "goldens" },
    ],
    mixers.map(({ name, title, paper, forms, goldens, ...size }) => [
      name,
      title,
      paper,
      stateText(size),
      forms.join(" "),
      goldens ? "yes" : "–",
    ]),
  );
  return blocks(rows, `States of one sequence, float32, with ${count(heads, "head")} of ${count(dim, "dimension")}.`);
}

/** `16.3 KiB`, `512 B per token`, both parts where the size grows but not from nothing, or `none`. */
export function stateText(size: { readonly state_bytes: number; readonly state_bytes_per_token: number }): string {
  const { state_bytes: total, state_bytes_per_token: growth } = size;
  if (total === 0) return "none";
  if (growth === 0) return bytes(total);
  return total === 1024 * growth ? `${bytes(growth)} per token` : `${bytes(total)} at 1k, grows`;
}

/** One preset in full. */
export function mixersShowText(mixer: MixersShowDocument): string {
  const { name, title, paper, equation, heads, groups, dim, hidden, length } = mixer;
  return blocks(
    `${name}: ${title} (${paper})\n${equation}`,
    section("Axes (others as by default)", pairs(mixer.axes.map(({ axis, value }) => [axis, value] as const))),
    section("Forms", pairs(mixer.forms.map(({ form, reason }) => [form, reason === null ? "yes" : `no: ${reason}`]))),
    section(
      "Parameters",
      table(
        [{ heading: "name" }, { heading: "shape" }, { heading: "begins as" }],
        mixer.parameters.map((parameter) => [parameter.name, shapeText(parameter.shape), parameter.initial]),
      ),
      mixer.parameters.length,
    ),
    section(
      "Reads beside queries, keys and values",
      pairs(mixer.streams.map((stream) => [stream.name, shapeText(stream.shape)] as const)),
      mixer.streams.length,
    ),
    section(
      `State (${stateText(mixer)})`,
      table(
        [{ heading: "name" }, { heading: "type" }, { heading: "shape" }, { heading: "size", align: "right" }],
        mixer.state.map((tensor) => [tensor.name, tensor.dtype, shapeText(tensor.shape), bytes(tensor.bytes)]),
      ),
      mixer.state.length,
    ),
    section("Answers to", [...new Set(mixer.oracles.map(oracleText))].join("\n"), mixer.oracles.length),
    `Sizes: batch 1, heads ${heads}, key heads ${groups}, dim ${dim}, hidden ${hidden}, at most ${length} tokens.`,
  );
}

function oracleText({ function: name, part, when, float32, because }: MixersShowDocument["oracles"][number]): string {
  const conditions = Object.entries(when).map(([key, value]) => `${key} = ${String(value)}`);
  return [
    name,
    ...(conditions.length === 0 ? [] : [`where ${conditions.join(", ")}`]),
    ...(part === null ? [] : [`${part} only`]),
    ...(because === null ? [] : [`float32 to ${float32}: ${because}`]),
  ].join("; ");
}

/** A heading over its text; nothing where it would be empty. */
function section(heading: string, text: string, entries = 1): string {
  return entries === 0 ? "" : `${heading}\n${text.replaceAll(/^/gm, "  ")}`;
}

const shapeText = (shape: readonly number[]) => `[${shape.join(", ")}]`;

/** `1 head`, `2 heads`. */
const count = (value: number, noun: string) => `${value} ${noun}${value === 1 ? "" : "s"}`;

/** The errors of every file and form, and under them why files failed or may be off by more. */
export function mixersCheckText({ files }: MixersCheckDocument): string {
  const rows = files.flatMap(({ file, preset, forms }) =>
    forms.map((form) => [
      file,
      preset ?? "–",
      form.form,
      form.dtype,
      errorText(form.output),
      errorText(form.state),
      errorText(form.gradients),
      form.passed ? "ok" : `FAILED${form.fault === null ? "" : ` (${form.fault})`}`,
    ]),
  );
  const right = (heading: string) => ({ heading, align: "right" as const });
  const columns = [
    ...["file", "mixer", "form", "type"].map((heading) => ({ heading })),
    ...["output", "state", "gradients"].map(right),
    { heading: "" },
  ];
  const reasons = new Set(
    files.flatMap(({ preset, tolerance, because }) =>
      because === null ? [] : [`${preset}: float32 to ${tolerance?.float32}, because ${because}`],
    ),
  );
  return blocks(
    rows.length === 0 ? "" : table(columns, rows),
    [...reasons].join("\n"),
    files.flatMap(({ file, error }) => (error === null ? [] : [`${file}: ${error}`])).join("\n"),
    summary(files),
  );
}

const errorText = (error: number | null) => (error === null ? "–" : error.toExponential(1));

function summary(files: MixersCheckDocument["files"]): string {
  const passed = files.filter((file) => file.passed).length;
  return `${passed} of ${count(files.length, "file")} within the tolerance (float64 1e-9, float32 1e-4 where nothing else is said)`;
}
