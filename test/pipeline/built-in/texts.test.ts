import { expect, test } from "vitest";
import { builtInTexts, cleanText, splitText } from "../../../src/pipeline/built-in/texts.ts";

test("signs become ASCII, wrapped lines one paragraph, paragraphs one line each", () => {
  expect(
    cleanText("It\u2019s \u201cnow\u201d \u2014 or\n never.\n\n\nCaf\u00e9  na\u00efve\u2011ish \u05d7 end.\n"),
  ).toBe('It\'s "now"--or never.\nCafe naive-ish end.');
});

test("both texts are printable ASCII, whole, and in their fixed order", () => {
  const texts = builtInTexts();
  expect(texts.map(({ name }) => name)).toEqual(["moby-dick", "state-of-the-union"]);
  const [moby, union] = texts;
  expect(moby?.documents.some((chapter) => chapter.startsWith("Call me Ishmael."))).toBe(true);
  expect(moby?.documents.at(-1)).toContain("only found another orphan");
  expect(union?.documents[0]).toContain("Fellow-Citizens of the Senate");
  for (const { documents } of texts) {
    for (const document of documents) expect(document).toMatch(/^[\x20-\x7e\n]+$/);
  }
  const bytes = texts.map(({ documents }) => documents.reduce((sum, document) => sum + document.length, 0));
  expect(bytes[0]).toBeGreaterThan(1_100_000);
  expect(bytes[1]).toBeGreaterThan(10_000_000);
});

test("the last twentieth is held out at a sentence's end and nothing is lost", () => {
  const text = {
    name: "x",
    title: "",
    source: "",
    licence: "",
    documents: ["First one. Second one.", "A sentence here. ".repeat(20).trim(), "The very last."],
  };
  const { training, heldOut } = splitText(text, 0.3);
  expect([...training, ...heldOut].join(" ").replaceAll(/\s+/g, " ")).toBe(text.documents.join(" "));
  expect(training.at(-1)).toMatch(/\.$/);
  expect(heldOut.at(-1)).toBe("The very last.");
  const total = text.documents.join("").length;
  const share = heldOut.join("").length / total;
  expect(Math.abs(share - 0.3)).toBeLessThan(20 / total + 0.01);
});
