/** Answers as tokens: encoded with their context, cut where the context ends, and from the left where too long. */
import { describe, expect, test } from "vitest";
import { RequestEncoder } from "../../../src/evaluation/tasks/requests.ts";
import type { Question } from "../../../src/evaluation/tasks/task.ts";

/** One token for each character, but `ab` is one token wherever it stands. */
const merging = {
  encode: (text: string) => [...text.replaceAll("ab", "€")].map((letter) => letter.codePointAt(0) ?? 0),
};
const codes = (text: string) => merging.encode(text);

function question(...answers: [context: string, continuation: string][]): Question {
  const all = answers.map(([context, continuation]) => ({ context, continuation, characters: 1 }));
  return { source: "file:1", gold: 0, answers: all };
}

function encode(context: string, continuation: string, most = 100) {
  const [request] = new RequestEncoder(merging, most).encode(question([context, continuation]));
  if (request === undefined) throw new Error("no request was made");
  return request;
}

describe("a request", () => {
  test("reads the context and all but the last token of the continuation", () => {
    expect(encode("xy", " zw")).toEqual({ ids: codes("xy z"), targets: codes(" zw"), cut: 0 });
    expect(encode("xy", "z")).toEqual({ ids: codes("xy"), targets: codes("z"), cut: 0 });
  });

  test("encodes both together: a token that joins them counts for the context", () => {
    // Together "x", "ab", "c"; the context alone "x", "a": what follows its two tokens is "c".
    expect(encode("xa", "bc")).toEqual({ ids: codes("xa"), targets: codes("c"), cut: 0 });
  });

  test("gives white space at the context's end to the continuation", () => {
    expect(encode("xy \n", "z")).toEqual({ ids: codes("xy \n"), targets: codes(" \nz"), cut: 0 });
  });

  test("that is too long loses its beginning, and says so", () => {
    // Ten tokens are one more than the model reads and the last, which is not read.
    expect(encode("uvwxyz", " 123", 9)).toEqual({ ids: codes("uvwxyz 12"), targets: codes(" 123"), cut: 0 });
    expect(encode("uvwxyz", " 123", 8)).toEqual({ ids: codes("vwxyz 12"), targets: codes(" 123"), cut: 1 });
    expect(encode("uvwxyz", " 123", 4)).toEqual({ ids: codes("z 12"), targets: codes(" 123"), cut: 5 });
    expect(encode("uvwxyz", "!", 3)).toEqual({ ids: codes("xyz"), targets: codes("!"), cut: 3 });
  });

  test("shares the tokens of its context with answers of one token", () => {
    const [first, second] = new RequestEncoder(merging, 9).encode(question(["xy", "A"], ["xy", "B"]));
    expect(first?.ids).toBe(second?.ids);
  });
});

describe("refused with the row and the answer", () => {
  test.each([
    ["an answer that a token of the context swallows", "xa", "b", 9, "file:1: answer 1 adds no token to its context"],
    [
      "an answer longer than the model reads",
      "x",
      "12345",
      4,
      "file:1: answer 1 has 5 tokens; the model reads 4 at once",
    ],
    ["nothing before the answer", " ", "1", 4, "file:1: answer 1 has a context without tokens"],
  ])("%s", (_name, context, continuation, most, message) => {
    expect(() => encode(context, continuation, most)).toThrow(message);
  });
});
