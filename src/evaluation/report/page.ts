/** A conversion or an evaluation as one self-contained HTML page, readable without a network and without scripts. */
import { escaped } from "../escaped.ts";
import type { ReportContent, Section } from "./content.ts";
import { head, titleOf } from "./head.ts";
import { layers } from "./layers.ts";
import { ablations, perplexity } from "./perplexity.ts";
import { recall } from "./recall.ts";
import { settings } from "./settings.ts";
import { state } from "./state.ts";
import { pageStyle } from "./style.ts";
import { tasks } from "./tasks.ts";
import { training } from "./training.ts";

/** The page's HTML: the same content gives the same page. What is absent is left out, and all text is escaped. */
export function reportPage(content: ReportContent): string {
  const { evaluation, conversion } = content;
  const sections: Section[] = [
    ...perplexity(evaluation),
    ...ablations(evaluation),
    ...tasks(evaluation),
    ...recall(evaluation),
    ...layers(evaluation),
    ...(content.state === undefined ? [] : state(content.state)),
    ...(conversion === undefined ? [] : training(conversion)),
    ...settings(content.settings, content.provenance),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(titleOf(content))}</title>
<style>
${pageStyle()}</style>
</head>
<body>
${head(content, sections)}
<main>
${sections.map(sectionHtml).join("\n")}
</main>
<footer>Written by subquad. How the figures are made: docs/evaluation.md of the package.</footer>
</body>
</html>
`;
}

function sectionHtml({ id, title, html }: Section): string {
  return `<section id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${escaped(title)}</h2>
${html}
</section>`;
}
