/** A report with everything in it, and ways to change its texts. */
import type { Figures, RecallRow, ReportContent, TaskRow } from "../../../src/evaluation/report/content.ts";

const layers = 24;
/** Every sixth layer stays softmax attention. */
const byLayer = (value: (layer: number) => number) =>
  Array.from({ length: layers }, (_unused, layer) => (layer % 6 === 5 ? null : value(layer)));

const figures = (model: number, teacher: number | null, window: number): Figures => ({
  model,
  teacher,
  window_only: window,
  linear_only: 60 * model,
  neither: 3000 * model,
});

const scores = (model: number, teacher: number): Figures => ({
  ...{ model, teacher, window_only: model - 0.01 },
  ...{ linear_only: 0.26, neither: 0.25 },
});

const task = (name: string, metric: string, model: number, teacher: number, more: Partial<TaskRow> = {}): TaskRow => ({
  ...{ name, metric, group: null, n: 500, chance: 0.25, ...scores(model, teacher) },
  ...{ stderr: 0.0221, teacher_stderr: 0.0223, margin_kept: (model - 0.25) / (teacher - 0.25) },
  ...more,
});

const probe = (name: string, model: number, more: Partial<RecallRow>): RecallRow => ({
  ...{ name, length: 2048, distance: null, depth: null, examples: null, metric: "exact_match", n: 64 },
  ...{ ...figures(model, 0.9, model / 2), linear_only: 0, neither: 0, baseline: null },
  ...more,
});

const distances = [0, 16, 64, 256, 1024].map((from, index) =>
  probe("mqar", 0.95 - 0.15 * index, { distance: { from, to: from === 0 ? 1 : 4 * from } }),
);

/** A learning curve that falls, with a loss of training where one is known. */
const curve = (points: number, first: number, last: number) =>
  Array.from({ length: points }, (_unused, index) => {
    const held_out = last + (first - last) * Math.exp((-5 * index) / points);
    return { tokens: index * 8192, train: index === 0 ? null : held_out * (1.05 + 0.05 * Math.sin(index)), held_out };
  });

const stage = (name: string, points: number, first: number, last: number) => ({
  ...{
    name,
    tokens: (points - 1) * 8192,
    seconds: 1234.5,
    tokens_per_second: 1659,
    loss_first: first,
    loss_last: last,
  },
  curve: curve(points, first, last),
});

/** Everything that a page can show. */
export const fullContent: Required<ReportContent> = {
  evaluation: {
    model: "/home/someone/models/smol-linear",
    against: "HuggingFaceTB/SmolLM2-360M-Instruct",
    perplexity: [
      { length: 512, tokens: 8176, ...figures(18.4321, 17.1, 24.5), ratio: 1.0779, beyond_teacher_context: false },
      { length: 2048, tokens: 8188, ...figures(14.9, 13.8, 21.75), ratio: 1.0797, beyond_teacher_context: false },
      { length: 16384, tokens: 16383, ...figures(15.25, null, 22.5), ratio: null, beyond_teacher_context: true },
    ],
    by_position: [1, 16, 32, 64, 128, 256, 512, 1024].map((from, index) => ({
      ...{ from, to: index === 0 ? 16 : 2 * from },
      ...figures(40 - 3.25 * index, 39 - 3.5 * index, 40 - 2 * index),
    })),
    tasks: [
      task("arc_easy", "acc", 0.512, 0.548),
      task("piqa", "acc_norm", 0.6543, 0.6871, { chance: 0.5 }),
      task("mmlu", "acc", 0.251, 0.255, { n: 14042, margin_kept: null, stderr: 0.0036, teacher_stderr: 0.0036 }),
      task("mmlu_anatomy", "acc", 0.2777, 0.29, { group: "mmlu", n: 135 }),
    ],
    recall: [
      probe("mqar", 0.625, {}),
      ...distances,
      ...[0.1, 0.5, 0.9].map((depth) => probe("needle", 0.5 + depth / 3, { depth })),
      ...[1, 4, 16].map((from) =>
        probe("regression-1d", 1 / Math.sqrt(from), {
          metric: "relative_error",
          examples: { from, to: 4 * from },
          baseline: 0.57,
        }),
      ),
    ],
    linear_share: 0.3456,
    linear_shares: byLayer((layer) => 0.2 + 0.02 * layer),
    layer_errors: byLayer((layer) => 0.05 + 0.004 * layer ** 1.5),
  },
  conversion: {
    ...{ output: "/home/someone/models/smol-linear", recipe: "lolcats", seconds: 4321, peak_memory_bytes: 3.5e9 },
    stages: [stage("transfer", 400, 5.5, 0.0125), stage("finetune", 12, 3.25, 2.875)],
  },
  state: {
    model: { per_sequence: 9_000_000, per_token: 1024 },
    softmax: { per_sequence: 0, per_token: 46_080 },
    context: 8192,
  },
  settings: {
    yaml: "name: lolcats\nmixer:\n  window: { kind: slide, size: 64 }\n",
    paper: "https://arxiv.org/abs/2410.10254",
  },
  provenance: {
    ...{ teacher: "HuggingFaceTB/SmolLM2-360M-Instruct", teacher_fingerprint: "ab12".repeat(16), recipe: "lolcats" },
    ...{ seed: 7, license: "apache-2.0", versions: { subquad: "0.1.0", node: "20.20.0" } },
    texts: [{ name: "book.txt", sha256: "cd34".repeat(16) }],
  },
};

/** The same with every text changed, keys and kinds apart. */
export function withTexts(content: ReportContent, change: (text: string) => string): ReportContent {
  const changed = (value: unknown, key: string): unknown => {
    if (typeof value === "string") return key === "metric" ? value : change(value);
    if (Array.isArray(value)) return value.map((each) => changed(each, key));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, changed(each, name)]));
  };
  return changed(content, "") as ReportContent;
}
