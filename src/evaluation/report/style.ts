/** The page's style sheet: light and dark, narrow and wide, on screen and on paper. */
import { colourProperties, colours } from "../plot/palette.ts";

/** The one style sheet of a report. */
export function pageStyle(): string {
  const own = Array.from({ length: colours }, (_unused, index) => `.colour-${index}{--own:var(--colour-${index})}`);
  return `:root{color-scheme:light dark;${colourProperties("light")};--good:#0a7d4f;--fair:#a86400;--poor:#c8322f;--link:#1d5fb0}
@media screen and (prefers-color-scheme:dark){:root{${colourProperties("dark")};--good:#3ccb8e;--fair:#e0a33a;--poor:#f0716c;--link:#79b4f6}}
.reference{--own:var(--ink)}
${own.join("")}
${layout}${tables}${plots}${paper}`;
}

const layout = `*{box-sizing:border-box}
body{margin:0 auto;max-width:60rem;padding:2.5rem 1.25rem 3rem;font:16px/1.55 system-ui,-apple-system,"Segoe UI",sans-serif;color:var(--ink);background:var(--surface);overflow-wrap:break-word}
h1{font-size:clamp(1.45rem,1.1rem + 2vw,1.9rem);line-height:1.2;margin:.1rem 0 1.25rem;letter-spacing:-.01em}
h2{font-size:1.3rem;margin:0 0 .5rem}
p{max-width:46rem;margin:.5rem 0}
a{color:var(--link)}
.kicker,footer,figcaption span,dt,summary{color:var(--quiet)}
.kicker{margin:0;font-size:.85rem;letter-spacing:.04em;text-transform:uppercase}
.verdict{border-left:4px solid var(--tone,var(--quiet));padding:.1rem 0 .1rem 1rem;margin:1.25rem 0}
.verdict p{margin:.2rem 0}
.verdict strong{font-size:1.15rem;color:var(--tone,var(--ink))}
.good{--tone:var(--good)}.fair{--tone:var(--fair)}.poor{--tone:var(--poor)}
dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(9rem,1fr));gap:1rem 1.25rem;margin:1.25rem 0}
dl.long{grid-template-columns:repeat(auto-fill,minmax(min(100%,24rem),1fr))}
dl div{min-width:0}
@media (min-width:40rem){dl:not(.long){grid-template-columns:repeat(auto-fill,minmax(12rem,1fr))}}
dt{font-size:.85rem}
dd{margin:0;font-weight:500;overflow-wrap:anywhere}
nav{display:flex;flex-wrap:wrap;gap:.35rem 1.25rem;padding:.75rem 0;border-block:1px solid var(--grid)}
section{padding-top:1rem;margin-top:1.75rem}
footer{margin-top:3rem;padding-top:.75rem;border-top:1px solid var(--grid);font-size:.85rem}
summary{cursor:pointer;padding:.35rem 0}
summary:hover{color:var(--ink)}
pre{overflow:auto;margin:.5rem 0;padding:1rem;border:1px solid var(--grid);border-radius:6px;font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,monospace}
:focus-visible{outline:2px solid var(--colour-0);outline-offset:2px}
`;

const tables = `.scroll{overflow-x:auto;margin:1rem 0}
table{border-collapse:collapse;font-size:.92rem;font-variant-numeric:tabular-nums}
caption{text-align:left;font-weight:600;padding-bottom:.35rem}
th,td{padding:.3rem .65rem;text-align:right;white-space:nowrap;border-bottom:1px solid var(--grid)}
th:first-child{padding-left:0}
thead th{color:var(--quiet);font-weight:500}
tbody th{font-weight:500}
.words{text-align:left}
`;

const plots = `.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,24rem),1fr));gap:1.5rem 2.5rem;margin:1.25rem 0;align-items:start}
.figures .scroll{margin:0}
figure{margin:0;max-width:34rem}
figcaption{margin-bottom:.6rem;line-height:1.35}
figcaption strong{display:block}
figcaption span{font-size:.88rem}
svg{display:block;width:100%;height:auto;overflow:visible}
svg text{font-size:13px;fill:var(--ink)}
svg .quiet{fill:var(--quiet)}
svg .end{text-anchor:end}
svg .middle{text-anchor:middle}
.grid{stroke:var(--grid)}
.axis{stroke:var(--quiet);stroke-width:.75}
.leader,.mark{stroke:var(--quiet);stroke-width:.75;fill:none}
.leader{stroke-dasharray:1 2}
.mark{stroke-dasharray:4 3}
.chance{stroke:var(--quiet);stroke-width:2}
.line{stroke:var(--own);stroke-width:2;fill:none;stroke-linejoin:round;stroke-linecap:round}
.line.thin{stroke-width:1.25;stroke-dasharray:3 3}
.dot{fill:var(--own);stroke:var(--surface);stroke-width:1.5}
.swatch,.bar{fill:var(--own)}
`;

const paper = `@media print{
body{max-width:none;padding:0;font-size:11pt}
nav{display:none}
figure,table,.verdict,dl{break-inside:avoid}
h2{break-after:avoid}
.scroll,pre{overflow:visible}
pre{white-space:pre-wrap;font-size:8pt}
details::details-content{content-visibility:visible;block-size:auto}
}
`;
