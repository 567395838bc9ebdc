/** The stages of training: a learning curve each, and what they cost. */
import { count, duration, measured, precise } from "../../units.ts";
import { type Line, linePanel, type Point } from "../plot/line-panel.ts";
import type { Conversion, CurvePoint, Section, StageRow } from "./content.ts";
import { figure, figures, paragraph, table } from "./html.ts";

/** Losses that differ by more than this factor are shown on a logarithmic axis. */
const wide = 8;
/** Points of a curve that are drawn: more would not be told apart, and would make the page heavy. */
const mostPoints = 200;

/** Curves and costs of all stages; nothing where no stage was run. */
export function training({ stages }: Conversion): Section[] {
  if (stages.length === 0) return [];
  const html = [
    paragraph(
      "The loss of each stage against the tokens it has seen. The weights with the least held-out loss are kept.",
    ),
    figures(stages.flatMap(curve)),
    table("Stages", stages, [
      { head: "stage", words: true, cell: ({ name }) => name },
      { head: "tokens", cell: ({ tokens }) => count(tokens) },
      { head: "time", cell: ({ seconds }) => duration(seconds) },
      { head: "tokens/s", cell: ({ tokens_per_second }) => count(tokens_per_second) },
      { head: "held-out loss before", cell: ({ loss_first }) => written(loss_first) },
      { head: "after", cell: ({ loss_last }) => written(loss_last) },
    ]),
  ];
  return [{ id: "training", title: "Training", html: html.join("\n") }];
}

const written = (loss: number | null) => (loss === null ? null : precise(loss));

function curve(stage: StageRow): string[] {
  const lines: Line[] = [
    { name: "held out", colour: 0, points: pointsOf(stage.curve, ({ held_out }) => held_out) },
    { name: "training", colour: 1, thin: true, points: pointsOf(stage.curve, ({ train }) => train) },
  ];
  const losses = lines.flatMap(({ points }) => points.map(({ y }) => y));
  const log = Math.min(...losses) > 0 && Math.max(...losses) > wide * Math.min(...losses);
  const svg = linePanel({
    label: `Loss of the stage ${stage.name} by tokens, from ${measured(stage.loss_first)} to ${measured(stage.loss_last)} on held-out text`,
    x: { label: "tokens", log: false, includes: [0], text: count },
    y: { label: "loss", log, text: (loss) => measured(loss, 3) },
    lines,
  });
  return svg === "" ? [] : [figure(stage.name, `${count(stage.tokens)} tokens in ${duration(stage.seconds)}`, svg)];
}

/** Points of one loss, evenly thinned; the last is always among them. */
function pointsOf(all: readonly CurvePoint[], loss: (point: CurvePoint) => number | null): Point[] {
  const points = all.flatMap((point): Point[] => {
    const y = loss(point);
    return y === null ? [] : [{ x: point.tokens, y }];
  });
  const every = Math.ceil(points.length / mostPoints);
  return points.filter((_point, index) => (points.length - 1 - index) % every === 0);
}
