/** Layer by layer: how far the attention is from the teacher's, and how much of it the linear part gives. */
import { measured, percent, precise, precisePercent } from "../../units.ts";
import { columnPanel } from "../plot/column-panel.ts";
import type { Evaluation, Section } from "./content.ts";
import { figure, figures, folded, paragraph, table } from "./html.ts";

/** Two plots and a table; nothing where neither was measured. */
export function layers({ layer_errors: errors, linear_shares: shares }: Evaluation): Section[] {
  const known = [...errors, ...shares].some((value) => value !== null);
  if (!known) return [];
  const axis = { label: "layer", text: String };
  const errorPlot = columnPanel({
    label: "Relative error of the attention by layer",
    x: axis,
    y: { label: "relative error", text: (value) => measured(value, 3) },
    values: errors,
    colour: 0,
  });
  const sharePlot = columnPanel({
    label: "Share of the linear part by layer",
    x: axis,
    y: { label: "share", text: percent },
    values: shares,
    colour: 2,
    atLeast: 1,
  });
  const rows = Array.from({ length: Math.max(errors.length, shares.length) }, (_unused, layer) => layer);
  const html = [
    paragraph(
      "The error is ‖model − teacher‖ / ‖teacher‖ where both read the teacher's stream, so errors do not add up from layer to layer. Layers that stay softmax attention have no column.",
    ),
    figures([
      ...(errorPlot === ""
        ? []
        : [figure("Error beside the teacher", "of what attention adds to the stream", errorPlot)]),
      ...(sharePlot === ""
        ? []
        : [figure("Share of the linear part", "of the output, beside the window's share", sharePlot)]),
    ]),
    folded(
      "Layers, as a table",
      table("Layers", rows, [
        { head: "layer", cell: String },
        { head: "relative error", cell: (layer) => written(errors[layer], (value) => precise(value, 3)) },
        { head: "linear share", cell: (layer) => written(shares[layer], precisePercent) },
      ]),
    ),
  ];
  return [{ id: "layers", title: "Layers", html: html.join("\n") }];
}

function written(value: number | null | undefined, text: (value: number) => string): string | null {
  return value === null || value === undefined ? null : text(value);
}
