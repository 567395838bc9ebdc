import fc from "fast-check";
import { expect, test } from "vitest";
import { FormatError } from "../../src/errors.ts";
import { parseStrictJson } from "../../src/formats/strict-json.ts";

test("what JSON.parse reads is read alike", () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 5 }), (text) => {
      expect(parseStrictJson("file", text)).toEqual(JSON.parse(text));
    }),
    { seed: 1 },
  );
});

test.each([
  ['{"a": 1, "a": 2}', "a"],
  ['{"a": {"b": 1, "c": [], "b" : 2}}', "b"],
  ['{"a": 1, "\\u0061": 2}', "a"],
  ['[{"\\\\": 1, "x": "\\"", "\\\\"\n: 2}]', "\\"],
  ['{"__proto__": 1, "__proto__": 2}', "__proto__"],
])("%s repeats a key", (text, key) => {
  expect(() => parseStrictJson("file", text)).toThrow(`file: JSON key "${key}" occurs twice`);
});

test("equal keys of different objects, and values like keys, are no repetition", () => {
  const text = '{"a": {"a": "a"}, "b": ["a", {"a": 1}, {"a": 2}], "c": "\\"a\\": 1, \\"a\\":"}';
  expect(parseStrictJson("file", text)).toEqual(JSON.parse(text));
});

test.each(["", "{", '{"a"', '"\\', '{"a": 1}}', "]", '{"a\\x": 1}', "nul"])("%j is named as no JSON", (text) => {
  expect(() => parseStrictJson("file", text)).toThrow(FormatError);
});

test("deep nesting is refused before it is built", () => {
  expect(() => parseStrictJson("file", "[".repeat(5_000_000))).toThrow("nests deeper");
});

test("endless content is refused before it is built", () => {
  expect(() => parseStrictJson("file", `[${"{},".repeat(1_000_000)}{}]`)).toThrow("has over 1000000 keys");
});
