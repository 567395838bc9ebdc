/** An evaluation as one self-contained HTML page: tables and a plot, readable without a network. */

/** Perplexities at one length, as `evaluate` measures them; null: not measured. */
export interface ReportRow {
  readonly length: number;
  readonly tokens: number;
  readonly model: number | null;
  readonly teacher: number | null;
  readonly ratio: number | null;
  readonly window_only: number | null;
  readonly linear_only: number | null;
  readonly neither: number | null;
}

/** What the page shows. */
export interface ReportContent {
  readonly model: string;
  readonly against: string | null;
  readonly perplexity: readonly ReportRow[];
  readonly linear_share: number | null;
}

const series = [
  { key: "teacher", label: "teacher", colour: "#4269d0" },
  { key: "model", label: "converted", colour: "#3ca951" },
  { key: "window_only", label: "window only", colour: "#efb118" },
  { key: "linear_only", label: "linear only", colour: "#ff725c" },
] as const;

/** The page's HTML. All names are escaped. */
export function reportPage(content: ReportContent): string {
  const title = content.against === null ? content.model : `${content.model} beside ${content.against}`;
  const share =
    content.linear_share === null
      ? ""
      : `<p>${(100 * content.linear_share).toFixed(1)} % of the layers' output comes from the linear part.</p>`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title>
<style>
  :root { color-scheme: light dark; }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
  table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
  th, td { padding: 0.3rem 0.8rem; text-align: right; border-bottom: 1px solid #8884; }
  svg text { font: 12px system-ui, sans-serif; fill: currentColor; }
</style>
<h1>${escaped(title)}</h1>
<p>Perplexity by window length, lower is better. The ablations take one part of each converted layer away.</p>
${plot(content.perplexity)}
${table(content.perplexity)}
${share}
</html>
`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

function table(rows: readonly ReportRow[]): string {
  const heads = ["length", "tokens", "converted", "teacher", "ratio", "window only", "linear only", "neither"];
  const cell = (value: number | null) => `<td>${value === null ? "–" : Number(value.toPrecision(5))}</td>`;
  const body = rows.map((row) => {
    const values = [
      row.length,
      row.tokens,
      row.model,
      row.teacher,
      row.ratio,
      row.window_only,
      row.linear_only,
      row.neither,
    ];
    return `<tr>${values.map(cell).join("")}</tr>`;
  });
  return `<table><tr>${heads.map((head) => `<th>${head}</th>`).join("")}</tr>${body.join("\n")}</table>`;
}

const [width, height, margin] = [640, 320, 48];

/** Lines over the lengths, both axes logarithmic. */
function plot(rows: readonly ReportRow[]): string {
  const values = rows.flatMap((row) => series.flatMap(({ key }) => row[key] ?? [])).filter((value) => value > 0);
  if (values.length === 0) return "";
  const scale = (all: readonly number[], low: number, high: number) => {
    const [least, most] = [Math.log(Math.min(...all)), Math.log(Math.max(...all))];
    return (value: number) => low + ((Math.log(value) - least) / (most - least || 1)) * (high - low);
  };
  const x = scale(
    rows.map(({ length }) => length),
    margin,
    width - 140,
  );
  const y = scale(values, height - margin, 16);
  const ticks = [Math.min(...values), Math.sqrt(Math.min(...values) * Math.max(...values)), Math.max(...values)];
  const lines = series.flatMap(({ key, label, colour }) => {
    const points = rows.flatMap((row) => (row[key] === null ? [] : [[x(row.length), y(row[key])] as const]));
    const last = points.at(-1);
    if (last === undefined) return [];
    const path = points.map(([px, py]) => `${px.toFixed(1)},${py.toFixed(1)}`).join(" ");
    const dots = points.map(
      ([px, py]) => `<circle cx="${px.toFixed(1)}" cy="${py.toFixed(1)}" r="3" fill="${colour}"/>`,
    );
    return [
      `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>${dots.join("")}`,
      `<text x="${(last[0] + 10).toFixed(1)}" y="${(last[1] + 4).toFixed(1)}">${label}</text>`,
    ];
  });
  const marks = [
    ...rows.map(
      ({ length }) => `<text x="${x(length).toFixed(1)}" y="${height - 20}" text-anchor="middle">${length}</text>`,
    ),
    ...ticks.map(
      (tick) =>
        `<text x="${margin - 8}" y="${(y(tick) + 4).toFixed(1)}" text-anchor="end">${Number(tick.toPrecision(3))}</text>`,
    ),
  ];
  return `<svg viewBox="0 0 ${width} ${height}" width="${width}" role="img" aria-label="Perplexity by length">
${[...marks, ...lines].join("\n")}
</svg>`;
}
