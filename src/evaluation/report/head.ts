/** The head of the page: what was made from what, at what cost, and how good it is. */
import { bytes, count, duration } from "../../units.ts";
import { escaped } from "../escaped.ts";
import type { ReportContent, Section, StateSize } from "./content.ts";
import { definitions, paragraph } from "./html.ts";
import { verdict } from "./verdict.ts";

/** The page's title. */
export function titleOf({ evaluation, conversion }: ReportContent): string {
  const { model, against } = evaluation;
  if (conversion !== undefined) return `${lastPart(model)}, linearized from ${lastPart(against ?? "its teacher")}`;
  return against === null ? lastPart(model) : `${lastPart(model)} beside ${lastPart(against)}`;
}

/** The last part of a path or of a name on the hub. */
function lastPart(name: string): string {
  return name.split(/[/\\]/).findLast((part) => part !== "") ?? name;
}

/** Headings, the verdict, facts, and links to the sections. */
export function head(content: ReportContent, sections: readonly Section[]): string {
  const { tone, headline, sentences } = verdict(content.evaluation);
  const links = sections.map(({ id, title }) => `<a href="#${id}">${escaped(title)}</a>`);
  return `<header>
<p class="kicker">subquad · ${content.conversion === undefined ? "evaluation" : "conversion"}</p>
<h1>${escaped(titleOf(content))}</h1>
<div class="verdict ${tone}">
<p><strong>${escaped(headline)}.</strong></p>
${sentences.map(paragraph).join("\n")}
</div>
${facts(content)}
<nav aria-label="Sections">${links.join("\n")}</nav>
</header>`;
}

function facts({ evaluation, conversion, state, settings, provenance }: ReportContent): string {
  const recipe = conversion?.recipe ?? provenance?.recipe;
  const paper = settings?.paper ?? null;
  const trained = conversion?.stages.reduce((sum, { tokens }) => sum + tokens, 0);
  return definitions([
    { name: "Model", text: evaluation.model },
    ...(evaluation.against === null ? [] : [{ name: "Teacher", text: evaluation.against }]),
    ...(recipe === undefined ? [] : [{ name: "Recipe", html: linked(recipe, paper) }]),
    ...(conversion === undefined
      ? []
      : [
          { name: "Trained on", text: `${count(trained ?? 0)} tokens` },
          { name: "Time", text: duration(conversion.seconds) },
          { name: "Peak memory", text: bytes(conversion.peak_memory_bytes) },
        ]),
    ...(state === undefined ? [] : [{ name: "State of a sequence", text: sizeText(state.model) }]),
    ...(provenance === undefined ? [] : [{ name: "Licence", text: provenance.license ?? "not stated" }]),
  ]);
}

function sizeText({ per_sequence, per_token }: StateSize): string {
  return per_token > 0 ? `${bytes(per_sequence)} + ${bytes(per_token)} per token` : bytes(per_sequence);
}

/** A name with a link to its paper: only to addresses that a browser opens as pages. */
function linked(name: string, paper: string | null): string {
  if (paper === null || !/^https?:\/\//i.test(paper)) return escaped(name);
  return `${escaped(name)} (<a href="${escaped(paper)}" rel="noreferrer">paper</a>)`;
}
