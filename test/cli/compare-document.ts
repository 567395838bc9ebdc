/** A comparison as `compare` returns it: a teacher, three recipes, and one that could not be run. */
import type { CompareDocument, CompareRow } from "../../src/pipeline/contract.ts";

function texts(model: number, ablations: readonly (number | null)[]): CompareRow["texts"] {
  const [window_only = null, linear_only = null, neither = null] = ablations;
  const parts = { window_only, linear_only, neither };
  const short = { length: 256, tokens: 8160, teacher: 10, beyond_teacher_context: false };
  const long = { length: 1024, tokens: 8184, teacher: null, ratio: null, beyond_teacher_context: true };
  return [
    {
      text: "a_book.txt",
      perplexity: [
        { ...short, model, ratio: model / 10, ...parts },
        { ...long, model: model > 10 ? model - 1 : null, ...parts },
      ],
      linear_share: window_only === null ? null : 0.25,
    },
  ];
}

const row: Omit<CompareRow, "name"> = {
  kind: "recipe",
  output: null,
  error: null,
  tokens: 60_000,
  seconds: 40,
  tokens_per_second: 1500,
  stages: [{ name: "transfer", tokens: 60_000, seconds: 40, loss_first: 0.5, loss_last: 0.25 }],
  texts: [],
  state_bytes_per_sequence: 4096,
  kv_bytes_per_token: 0,
  fingerprint: "f",
};

const unrun = { tokens: 0, seconds: 0, tokens_per_second: 0, stages: [] };

export const compareDocument: CompareDocument = {
  model: "smol",
  output: "smol-compare",
  budget: 60_000,
  lengths: [256, 1024],
  texts: [{ name: "a_book.txt", tokens: 40_960 }],
  finetuned_as: "lolcats",
  rows: [
    {
      ...{ ...row, ...unrun, name: "teacher", kind: "teacher", texts: texts(10, []) },
      ...{ state_bytes_per_sequence: 0, kv_bytes_per_token: 768 },
    },
    { ...row, name: "finetuned-teacher", kind: "finetuned-teacher", output: "smol-compare/f", texts: texts(9.5, []) },
    { ...row, name: "lolcats", output: "smol-compare/lolcats", texts: texts(12.5, [60.5, 950.25, 123456.7]) },
    { ...row, name: "liger-gla", output: "smol-compare/liger-gla", texts: texts(30, [31, 32, 33]) },
    { ...row, ...unrun, name: "t2r", error: "nothing learns | here" },
  ],
};
