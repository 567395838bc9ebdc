/** The command line in this process: its streams collected, its verbs replaced by ones that record what they were asked. */
import { Readable } from "node:stream";
import { run } from "../../src/cli/run.ts";
import type { Output, Terminal } from "../../src/cli/terminal.ts";
import type {
  BenchDocument,
  BenchMixersDocument,
  Context,
  DatasetDocument,
  EvaluateDocument,
  GenerateDocument,
  InspectDocument,
  LinearizeDocument,
  LinearizePlanDocument,
  LogitsDocument,
  MixersCheckDocument,
  MixersListDocument,
  MixersShowDocument,
  PretrainDocument,
  Verbs,
} from "../../src/pipeline/contract.ts";
import { compareDocument } from "./compare-document.ts";
import { probeDocument } from "./probe-document.ts";

/** What a run left behind. */
export interface Outcome {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/** An output that keeps what is written. */
export class Collected implements Output {
  text = "";
  readonly isTTY: boolean;
  readonly columns = 100;

  constructor(isTTY = false) {
    this.isTTY = isTTY;
  }

  write(text: string): boolean {
    this.text += text;
    return true;
  }
}

/** Settings of a run: everything that is not the process's own. */
export interface RunSettings {
  readonly verbs?: Verbs;
  readonly input?: string;
  readonly variables?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Runs `subquad ARGS`. */
export async function subquad(args: readonly string[], settings: RunSettings = {}): Promise<Outcome> {
  const output = new Collected();
  const errors = new Collected();
  const terminal: Terminal = {
    input: Readable.from([settings.input ?? ""]),
    output,
    errors,
    variables: settings.variables ?? {},
  };
  const signal = settings.signal ?? new AbortController().signal;
  const code = await run(args, terminal, settings.verbs ?? recordingVerbs().verbs, signal);
  return { code, output: output.text, errors: errors.text };
}

/** The options that each verb was last called with. */
export type Calls = { -readonly [Name in keyof Verbs]?: Parameters<Verbs[Name]>[0] };

/** Verbs that record their options and return a fixed document. */
export function recordingVerbs(): { verbs: Verbs; calls: Calls } {
  const calls: Calls = {};
  const verbs: Verbs = {
    linearize: async (options) => {
      calls.linearize = options;
      return linearizeDocument;
    },
    planLinearize: async (options) => {
      calls.planLinearize = options;
      return planDocument;
    },
    compare: async (options) => {
      calls.compare = options;
      return compareDocument;
    },
    probe: async (options) => {
      calls.probe = options;
      return probeDocument;
    },
    evaluate: async (options) => {
      calls.evaluate = options;
      return evaluateDocument;
    },
    generate: async (options) => {
      calls.generate = options;
      for (const piece of ["a ", "whale"]) options.onText?.(piece);
      return generateDocument;
    },
    logits: async (options) => {
      calls.logits = options;
      return logitsDocument;
    },
    inspect: async (options) => {
      calls.inspect = options;
      return inspectDocument;
    },
    pretrain: async (options) => {
      calls.pretrain = options;
      return pretrainDocument;
    },
    bench: async (options) => {
      calls.bench = options;
      return benchDocument;
    },
    listOpsDataset: async (options) => {
      calls.listOpsDataset = options;
      return datasetDocument;
    },
    classificationDataset: async (options) => {
      calls.classificationDataset = options;
      return datasetDocument;
    },
    retrievalDataset: async (options) => {
      calls.retrievalDataset = options;
      return datasetDocument;
    },
    recallDataset: async (options) => {
      calls.recallDataset = options;
      return datasetDocument;
    },
    listMixers: async (options) => {
      calls.listMixers = options;
      return mixersListDocument;
    },
    showMixer: async (options) => {
      calls.showMixer = options;
      return mixersShowDocument;
    },
    checkMixers: async (options) => {
      calls.checkMixers = options;
      return mixersCheckDocument;
    },
    benchMixers: async (options) => {
      calls.benchMixers = options;
      return benchMixersDocument;
    },
    chat: async (options) => {
      calls.chat = options;
      let consumed = 0;
      return {
        async *reply(message) {
          consumed += message.length;
          yield* ["you said ", message];
        },
        reset: async () => {
          consumed = 0;
        },
        save: async () => {},
        status: () => ({ tokens: consumed, stateBytes: 4096 }),
        close: async () => {},
      };
    },
  };
  return { verbs, calls };
}

/** A verb that stops when it is told to, as a long one does. */
export async function stoppedVerb(_options: unknown, { signal }: Context): Promise<never> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve());
  });
  signal.throwIfAborted();
  throw new Error("not aborted");
}

const stages = [
  {
    name: "transfer",
    tokens: 300_000,
    seconds: 125.4,
    tokens_per_second: 2392.3,
    loss_first: 12.34567,
    loss_last: 0.98765,
    curve: [{ tokens: 0, seconds: 0, train: null, held_out: 12.34567 }],
  },
  {
    name: "finetune",
    tokens: 300_000,
    seconds: 250,
    tokens_per_second: 1200,
    loss_first: 3.5,
    loss_last: 3.1,
    curve: [],
  },
];

const taskRow = {
  group: null,
  n: 200,
  window_only: null,
  linear_only: null,
  neither: null,
  stderr: 0.0334,
  teacher_stderr: 0.033,
  chance: 0.5,
};

export const evaluateDocument: EvaluateDocument = {
  model: "smol-linear",
  against: "smol",
  perplexity: [
    {
      length: 512,
      tokens: 40880,
      model: 21.987,
      teacher: 17.5,
      ratio: 1.2564,
      window_only: 60.5,
      linear_only: 950.25,
      neither: 123456.7,
      beyond_teacher_context: false,
    },
    {
      length: 16384,
      tokens: 32766,
      model: 20.1,
      teacher: 800.5,
      ratio: null,
      window_only: 60.2,
      linear_only: null,
      neither: null,
      beyond_teacher_context: true,
    },
  ],
  by_position: [
    { from: 1, to: 16, model: 120.5, teacher: 100.1, window_only: 121.5, linear_only: null, neither: null },
    { from: 16, to: 32, model: 60.25, teacher: 55.5, window_only: 62.5, linear_only: null, neither: null },
  ],
  tasks: [
    { ...taskRow, name: "piqa", metric: "acc", model: 0.665, teacher: 0.68, margin_kept: 0.9167 },
    { ...taskRow, name: "mmlu", metric: "acc", model: 0.25, teacher: 0.251, chance: 0.25, margin_kept: null },
    {
      ...taskRow,
      name: "mmlu_anatomy",
      group: "mmlu",
      metric: "acc",
      model: 0.2512,
      teacher: 0.2513,
      margin_kept: null,
    },
  ],
  recall: [
    {
      name: "mqar",
      length: 16384,
      distance: { from: 256, to: 512 },
      depth: null,
      examples: null,
      metric: "exact_match",
      n: 120,
      baseline: null,
      model: 0.875,
      teacher: null,
      window_only: 0.0125,
      linear_only: null,
      neither: null,
      beyond_teacher_context: true,
    },
    {
      name: "regression-1d",
      length: 768,
      distance: null,
      depth: null,
      examples: { from: 1, to: 2 },
      metric: "relative_error",
      n: 4,
      baseline: 0.625,
      model: 0.5125,
      teacher: 0.4,
      window_only: 0.75,
      linear_only: null,
      neither: null,
      beyond_teacher_context: false,
    },
  ],
  linear_share: 0.4321,
  linear_shares: [0.5321, null, 0.3321],
  layer_errors: [0.1234, null, 0.4321],
};

export const linearizeDocument: LinearizeDocument = {
  output: "smol-linear",
  recipe: "lolcats",
  seconds: 400.5,
  peak_memory_bytes: 1_610_612_736,
  stages,
  evaluation: evaluateDocument,
};

const planDocument: LinearizePlanDocument = {
  model: "smol",
  output: "smol-lolcats",
  recipe: "lolcats",
  seconds: 4000,
  peak_memory_bytes: 1_610_612_736,
  disk_bytes: 536_870_912,
  stages: [{ name: "transfer", tokens: 300_000, steps: 37, memory_bytes: 1_610_612_736, seconds: null }],
};

const generateDocument: GenerateDocument = {
  text: "a whale",
  ids: [64, 12],
  prompt_tokens: 5,
  tokens_per_second: { prefill: 1234.5, decode: 251.2 },
  state_bytes: 9_000_000,
  peak_memory_bytes: 300_000_000,
  samples: [{ tokens: 2, memory_bytes: 300_000_000, tokens_per_second: 251.2 }],
};

const logitsDocument: LogitsDocument = { ids: [1, 2], top_ids: [260, 7], top_logits: [11.5, -0.25] };

const inspectDocument: InspectDocument = {
  family: "llama",
  parameters: 134_515_008,
  recipe: "lolcats",
  layers: [
    { mixer: "lolcats", replaced_by: "lolcats" },
    { mixer: "softmax", replaced_by: null },
    { mixer: "lolcats", replaced_by: "lolcats" },
  ],
  context: null,
  state_bytes_per_sequence: 9_000_000,
  kv_bytes_per_token: 768,
  memory_needed: { transfer: 2_000_000_000, finetune: null, decode: 400_000_000 },
  training_tokens: 40_000_000,
  seconds_needed: 5400,
};

const pretrainDocument: PretrainDocument = {
  output: "tiny",
  recipe: "pretrain-tiny",
  parameters: 260_032,
  seconds: 60,
  peak_memory_bytes: 400_000_000,
  stages: stages.slice(1),
};

const benchDocument: BenchDocument = {
  model: "smol-linear",
  threads: 2,
  repeat: 3,
  rows: [
    {
      length: 128,
      prefill_tokens_per_second: 1500,
      decode_tokens_per_second: 250.5,
      state_bytes: 9_000_000,
      peak_memory_bytes: 300_000_000,
    },
  ],
};

const datasetDocument: DatasetDocument = {
  output: "retrieval.jsonl",
  rows: 3,
  keys: ["text", "other", "label"],
  labels: [
    { label: 0, name: "of two documents", rows: 1 },
    { label: 1, name: "of the same document", rows: 2 },
  ],
  longest: 4000,
};

const mixersListDocument: MixersListDocument = {
  heads: 1,
  dim: 64,
  mixers: [
    {
      name: "softmax",
      title: "Softmax attention",
      paper: "arXiv 1706.03762",
      forms: ["parallel", "chunked"],
      state_bytes: 524_288,
      state_bytes_per_token: 512,
      goldens: true,
    },
    {
      name: "gla",
      title: "Gated linear attention",
      paper: "arXiv 2312.06635",
      forms: ["parallel"],
      state_bytes: 16_384,
      state_bytes_per_token: 0,
      goldens: false,
    },
  ],
};

const mixersShowDocument: MixersShowDocument = {
  name: "gla",
  title: "Gated linear attention",
  paper: "arXiv 2312.06635",
  equation: "S_t = α_t S_{t−1} + k_tᵀ v_t",
  heads: 2,
  groups: 1,
  dim: 64,
  hidden: 128,
  length: 1024,
  spec: { rope: "none" },
  axes: [{ axis: "rope", value: "none" }],
  forms: [
    { form: "parallel", available: true, reason: null },
    { form: "fused", available: false, reason: "no operator" },
  ],
  parameters: [{ name: "decay.bias", shape: [128], initial: "constant, value -2" }],
  streams: [],
  state: [{ name: "recurrent", dtype: "float32", shape: [1, 2, 64, 64], bytes: 32_768 }],
  state_bytes: 32_768,
  state_bytes_per_token: 0,
  oracles: [{ function: "gla.naive", part: null, when: { scale: 1 }, float32: 0.001, because: "sums cancel" }],
};

export const mixersCheckDocument: MixersCheckDocument = {
  files: [
    {
      file: "gla.safetensors",
      oracle: "fla.gla.naive",
      preset: "gla",
      passed: true,
      error: null,
      tolerance: { float64: 1e-9, float32: 1e-3 },
      because: "sums cancel",
      forms: [
        {
          form: "chunked",
          dtype: "float64",
          output: 1.5e-16,
          state: null,
          gradients: 2e-15,
          passed: true,
          fault: null,
        },
      ],
    },
  ],
};

const row = { step_seconds: 50e-6, runs: 5, tensor_bytes: 4_194_304, memory_bytes: 8_388_608, state_bytes: 32_768 };

const benchMixersDocument: BenchMixersDocument = {
  threads: 2,
  heads: 2,
  dim: 64,
  repeats: 5,
  seed: 0,
  memory_ceiling_bytes: 4_294_967_296,
  output: "mixers.svg",
  mixers: [
    {
      name: "softmax",
      form: "chunked",
      rows: [{ ...row, length: 1024, forward_seconds: 0.0015, backward_seconds: 0.0072 }],
      ratios: [],
      stopped: "2048 tokens: would need about 5.0 GiB, and at most 4.0 GiB are used",
    },
    {
      name: "gla",
      form: "chunked",
      rows: [
        { ...row, length: 1024, forward_seconds: 0.001, backward_seconds: 0.004, memory_bytes: null },
        { ...row, length: 2048, forward_seconds: 0.002, backward_seconds: 0.01, step_seconds: null },
      ],
      ratios: [{ length: 1024, forward: 2, backward: 2.5, above: true }],
      stopped: null,
    },
  ],
};
