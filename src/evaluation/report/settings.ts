/** How to make the model again: the whole recipe, the versions, and the texts with their hashes. */

import { escaped } from "../escaped.ts";
import type { Provenance, Section, Settings } from "./content.ts";
import { definitions, folded, table } from "./html.ts";

/** What is known of it; nothing where nothing is. */
export function settings(recipe: Settings | undefined, provenance: Provenance | undefined): Section[] {
  const html = [
    ...(provenance === undefined ? [] : [origin(provenance)]),
    ...(recipe === undefined ? [] : [folded("The whole recipe", `<pre><code>${escaped(recipe.yaml)}</code></pre>`)]),
  ];
  return html.length === 0 ? [] : [{ id: "settings", title: "Settings", html: html.join("\n") }];
}

function origin({ teacher, teacher_fingerprint, recipe, seed, versions, license, texts }: Provenance): string {
  const list = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    definitions(
      [
        { name: "Teacher", text: teacher },
        { name: "Teacher's hash", text: teacher_fingerprint },
        { name: "Recipe", text: recipe },
        { name: "Seed", text: String(seed) },
        { name: "Versions", text: list.join(", ") },
        { name: "Licence", text: license ?? "not stated by the teacher" },
      ],
      { long: true },
    ),
    table("Texts", texts, [
      { head: "text", words: true, cell: ({ name }) => name },
      { head: "SHA-256", words: true, cell: ({ sha256 }) => sha256 },
    ]),
  ].join("\n");
}
