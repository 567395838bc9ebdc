/** Each verb's type, under the name by which its module in `src/pipeline/` exports it. */
import type { CompareDocument, CompareOptions } from "./compare.ts";
import type { Verb } from "./context.ts";
import type { DatasetDocument, ListOpsOptions, RecallDatasetOptions, TextDatasetOptions } from "./dataset.ts";
import type {
  BenchDocument,
  EvaluateDocument,
  GenerateDocument,
  InspectDocument,
  LinearizeDocument,
  LinearizePlanDocument,
  LogitsDocument,
  PretrainDocument,
} from "./documents.ts";
import type {
  BenchMixersDocument,
  MixersCheckDocument,
  MixersListDocument,
  MixersShowDocument,
} from "./mixer-documents.ts";
import type { BenchMixersOptions, CheckMixersOptions, MixerSizeOptions, ShowMixerOptions } from "./mixer-options.ts";
import type {
  BenchOptions,
  ChatOptions,
  EvaluateOptions,
  GenerateOptions,
  InspectOptions,
  LinearizeOptions,
  LogitsOptions,
  PretrainOptions,
} from "./options.ts";
import type { ProbeDocument, ProbeOptions } from "./probe.ts";

/** An open conversation; the terminal or page around it owns input and output. */
export interface ChatSession {
  /** The pieces of the model's reply to a message; ends early, keeping what was said, when the signal is aborted. */
  reply(message: string, signal: AbortSignal): AsyncIterable<string>;
  /** Forgets the conversation, not the system message. */
  reset(): Promise<void>;
  /** Writes the conversation's state to a file, whole or not at all. */
  save(file: string): Promise<void>;
  /** Tokens the conversation has consumed so far, and the bytes of state that hold them. */
  status(): { readonly tokens: number; readonly stateBytes: number };
  /** Frees the model. */
  close(): Promise<void>;
}

/** All verbs: `src/pipeline/NAME.ts` exports the function NAME (`linearize.ts` also `planLinearize`, `mixers.ts` all that end in mixers, `dataset.ts`
 * all that end in dataset). */
export interface Verbs {
  readonly linearize: Verb<LinearizeOptions, LinearizeDocument>;
  /** `linearize --dry-run`: memory, disk and time, without any work. */
  readonly planLinearize: Verb<LinearizeOptions, LinearizePlanDocument>;
  readonly compare: Verb<CompareOptions, CompareDocument>;
  readonly probe: Verb<ProbeOptions, ProbeDocument>;
  readonly evaluate: Verb<EvaluateOptions, EvaluateDocument>;
  readonly generate: Verb<GenerateOptions, GenerateDocument>;
  readonly logits: Verb<LogitsOptions, LogitsDocument>;
  readonly inspect: Verb<InspectOptions, InspectDocument>;
  readonly pretrain: Verb<PretrainOptions, PretrainDocument>;
  readonly bench: Verb<BenchOptions, BenchDocument>;
  readonly chat: Verb<ChatOptions, ChatSession>;
  readonly listOpsDataset: Verb<ListOpsOptions, DatasetDocument>;
  readonly classificationDataset: Verb<TextDatasetOptions, DatasetDocument>;
  readonly retrievalDataset: Verb<TextDatasetOptions, DatasetDocument>;
  readonly recallDataset: Verb<RecallDatasetOptions, DatasetDocument>;
  readonly listMixers: Verb<MixerSizeOptions, MixersListDocument>;
  readonly showMixer: Verb<ShowMixerOptions, MixersShowDocument>;
  readonly checkMixers: Verb<CheckMixersOptions, MixersCheckDocument>;
  readonly benchMixers: Verb<BenchMixersOptions, BenchMixersDocument>;
}
