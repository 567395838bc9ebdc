/** What a sequence occupies while decoding: the model's state beside the teacher's cache of keys and values. */
import { bytes, precisePercent } from "../../units.ts";
import { linePanel } from "../plot/line-panel.ts";
import type { Section, State, StateSize } from "./content.ts";
import { figure, figures, paragraph, table } from "./html.ts";
import { lengthText } from "./variants.ts";

/** Lengths of the curves: doublings from here to there. */
const [shortest, longest] = [2 ** 7, 2 ** 18] as const;
/** Every so many doublings are marked, and a row of the table. */
const perRow = 2;
/** Bytes that are marked: 1 KiB, 16 KiB, 256 KiB, 4 MiB, … */
const sizes = Array.from({ length: 12 }, (_unused, index) => 2 ** (10 + 4 * index));

/** Bytes of one sequence of so many tokens. */
export function bytesAt({ per_sequence, per_token }: StateSize, tokens: number): number {
  return per_sequence + per_token * tokens;
}

/** Tokens from which on the first is not larger than the second; undefined where it never is. */
export function crossing(model: StateSize, softmax: StateSize): number | undefined {
  const slower = softmax.per_token - model.per_token;
  if (slower <= 0) return undefined;
  return Math.max(1, Math.ceil((model.per_sequence - softmax.per_sequence) / slower));
}

/** Curves and a table. */
export function state({ model, softmax, context }: State): Section[] {
  const lengths = Array.from({ length: Math.log2(longest / shortest) + 1 }, (_unused, index) => shortest * 2 ** index);
  const rows = lengths.filter((_length, index) => index % perRow === 1);
  const points = (size: StateSize) => lengths.map((x) => ({ x, y: bytesAt(size, x) })).filter(({ y }) => y > 0);
  const svg = linePanel({
    label: "Bytes of one sequence's state by its length, of the model and of its teacher",
    x: { label: "tokens of the sequence", log: true, marks: rows, text: lengthText },
    y: { label: "bytes", log: true, marks: sizes, text: bytes },
    lines: [
      { name: "teacher", colour: undefined, points: points(softmax) },
      { name: "model", colour: 0, points: points(model) },
    ],
    mark: { x: context, text: "teacher's context" },
  });
  const html = [
    paragraph(`${summary(model, softmax)} Computed from the shapes, in float32, for one sequence.`),
    figures([
      figure("State by length", "both axes logarithmic", svg),
      table("Bytes of one sequence", rows, [
        { head: "tokens", cell: lengthText },
        { head: "model", cell: (length) => bytes(bytesAt(model, length)) },
        { head: "teacher", cell: (length) => bytes(bytesAt(softmax, length)) },
        {
          head: "model / teacher",
          cell: (length) => precisePercent(bytesAt(model, length) / bytesAt(softmax, length)),
        },
      ]),
    ]),
  ];
  return [{ id: "state", title: "State and memory", html: html.join("\n") }];
}

function summary(model: StateSize, softmax: StateSize): string {
  const own =
    model.per_token > 0
      ? `${bytes(model.per_sequence)} and ${bytes(model.per_token)} more for every token`
      : `${bytes(model.per_sequence)}, whatever the length`;
  const teacher = `The teacher's keys and values take ${bytes(softmax.per_token)} for every token; the model keeps ${own}.`;
  const tokens = crossing(model, softmax);
  return tokens === undefined ? teacher : `${teacher} From ${tokens} tokens on it keeps less than its teacher.`;
}
