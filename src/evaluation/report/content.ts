/** What a report shows: the documents of `linearize` and `evaluate` as this room sees them, and what belongs beside them. */
import type { Metric, RowKey } from "../recall/rows.ts";

/** A figure of every variant; null: not measured. */
export interface Figures {
  readonly model: number | null;
  readonly teacher: number | null;
  readonly window_only: number | null;
  readonly linear_only: number | null;
  readonly neither: number | null;
}

/** Perplexities at one length. */
export interface LengthRow extends Figures {
  readonly length: number;
  readonly tokens: number;
  readonly ratio: number | null;
  readonly beyond_teacher_context: boolean;
}

/** Perplexities of the places from `from` on, before `to`. */
export interface PositionRow extends Figures {
  readonly from: number;
  readonly to: number;
}

/** A task's score by one metric. */
export interface TaskRow extends Figures {
  readonly name: string;
  /** The task that it is a part of. */
  readonly group: string | null;
  readonly metric: string;
  readonly n: number;
  readonly chance: number;
  readonly stderr: number | null;
  readonly teacher_stderr: number | null;
  readonly margin_kept: number | null;
}

/** A figure of a probe of recall. */
export interface RecallRow extends Figures, RowKey {
  readonly name: string;
  readonly length: number;
  readonly metric: Metric;
  readonly n: number;
  readonly baseline: number | null;
}

/** What was measured. */
export interface Evaluation {
  readonly model: string;
  readonly against: string | null;
  readonly perplexity: readonly LengthRow[];
  readonly by_position: readonly PositionRow[];
  readonly tasks: readonly TaskRow[];
  readonly recall: readonly RecallRow[];
  readonly linear_share: number | null;
  readonly linear_shares: readonly (number | null)[];
  readonly layer_errors: readonly (number | null)[];
}

/** A point of a stage's learning curve. */
export interface CurvePoint {
  readonly tokens: number;
  readonly train: number | null;
  readonly held_out: number | null;
}

/** A stage of training. */
export interface StageRow {
  readonly name: string;
  readonly tokens: number;
  readonly seconds: number;
  readonly tokens_per_second: number;
  readonly loss_first: number | null;
  readonly loss_last: number | null;
  readonly curve: readonly CurvePoint[];
}

/** How a model was made. */
export interface Conversion {
  readonly output: string;
  readonly recipe: string;
  readonly seconds: number;
  readonly peak_memory_bytes: number;
  readonly stages: readonly StageRow[];
}

/** Bytes that a sequence occupies while a model decodes. */
export interface StateSize {
  /** Whatever the length. */
  readonly per_sequence: number;
  /** More for each token. */
  readonly per_token: number;
}

/** What the model keeps of a sequence, and what softmax attention in its place would. */
export interface State {
  readonly model: StateSize;
  readonly softmax: StateSize;
  /** Tokens the teacher was made for. */
  readonly context: number;
}

/** Where a model comes from. */
export interface Provenance {
  readonly teacher: string;
  readonly teacher_fingerprint: string;
  readonly recipe: string;
  readonly seed: number;
  readonly texts: readonly { readonly name: string; readonly sha256: string }[];
  readonly versions: Readonly<Record<string, string>>;
  readonly license: string | null;
}

/** The recipe a model was made by. */
export interface Settings {
  readonly yaml: string;
  /** Where the method was published. */
  readonly paper: string | null;
}

/** All of it; what is absent is left out of the page. */
export interface ReportContent {
  readonly evaluation: Evaluation;
  readonly conversion?: Conversion;
  readonly state?: State;
  readonly settings?: Settings;
  readonly provenance?: Provenance;
}

/** A part of the page under a heading of its own. */
export interface Section {
  readonly id: string;
  readonly title: string;
  readonly html: string;
}

/** The variants, by the names and colours they have in every plot and table; the teacher is what others are compared with. */
export const variants = [
  { key: "teacher", name: "teacher", colour: undefined },
  { key: "model", name: "model", colour: 0 },
  { key: "window_only", name: "window only", colour: 1 },
  { key: "linear_only", name: "linear only", colour: 2 },
  { key: "neither", name: "neither", colour: 3 },
] as const satisfies readonly {
  readonly key: keyof Figures;
  readonly name: string;
  readonly colour: number | undefined;
}[];
