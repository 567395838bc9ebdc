/** What `probe` found, for people. */
import type { ProbeDocument } from "../../pipeline/contract.ts";
import { bytes, measured } from "../../units.ts";
import { blocks, type Column, table } from "../output.ts";

const right = (heading: string): Column => ({ heading, align: "right" });

/** Each layer linearized alone, then the plan where one was asked for. */
export function probeText(document: ProbeDocument): string {
  const { model, recipe, length, tokens, plan, target_length } = document;
  return blocks(
    `${model} with layers linearized by ${recipe}, on ${tokens} tokens in windows of ${length}`,
    layerTable(document),
    plan === null
      ? `Bytes are of one sequence of ${target_length} tokens. --memory plans which layers to keep.`
      : planText(plan, document),
  );
}

function layerTable({ teacher, linearized, layers, plan }: ProbeDocument): string {
  const kept = new Set(plan?.softmax ?? []);
  const all = (of: (layer: ProbeDocument["layers"][number]) => number) =>
    bytes(layers.reduce((sum, layer) => sum + of(layer), 0));
  type Figures = ProbeDocument["teacher"] & { readonly ratio: number | null };
  const figures = ({ perplexity, ratio, recall, recall_log_probability }: Figures) => [
    measured(perplexity),
    measured(ratio),
    measured(recall, 3),
    measured(recall_log_probability, 3),
  ];
  const none = teacher.perplexity === null ? null : 1;
  const columns = ["linearized", "perplexity", "ratio", "recall", "log p", "as softmax", "linearized"].map(right);
  return table(
    [...columns, ...(plan === null ? [] : [{ heading: "plan" }])],
    [
      ["none", ...figures({ ...teacher, ratio: none }), all(({ kv_bytes }) => kv_bytes), ""],
      ...layers.map((layer) => [
        String(layer.layer),
        ...figures(layer),
        bytes(layer.kv_bytes),
        layer.state_bytes === null ? "–" : bytes(layer.state_bytes),
        kept.has(layer.layer) ? "keep" : "",
      ]),
      ["all", ...figures(linearized), "", all(({ kv_bytes, state_bytes }) => state_bytes ?? kv_bytes)],
    ],
  );
}

function planText(plan: NonNullable<ProbeDocument["plan"]>, { model, recipe, target_length, layers }: ProbeDocument) {
  const { softmax, setting, memory, by, expected_ratio } = plan;
  const which =
    softmax.length === 0
      ? "no layer fits as softmax"
      : `keep ${softmax.length} of ${layers.length} layers as softmax, for ${by}: ${softmax.join(", ")}`;
  return [
    `Within ${bytes(memory)} for ${target_length} tokens, ${which}. That takes ${bytes(plan.bytes)}, and a perplexity of about ${measured(expected_ratio, 3)} times`,
    "the teacher's, if the losses of layers add up:",
    `  subquad linearize ${model} --recipe ${recipe} --set ${setting}`,
  ].join("\n");
}
