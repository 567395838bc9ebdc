/** The pipeline's verbs, each loaded when it is first called: `--help` reads none of them. */
import type { Verbs } from "../pipeline/contract.ts";

/** All verbs. */
export const verbs: Verbs = {
  linearize: async (options, context) => (await import("../pipeline/linearize.ts")).linearize(options, context),
  planLinearize: async (options, context) => (await import("../pipeline/linearize.ts")).planLinearize(options, context),
  compare: async (options, context) => (await import("../pipeline/compare.ts")).compare(options, context),
  probe: async (options, context) => (await import("../pipeline/probe.ts")).probe(options, context),
  evaluate: async (options, context) => (await import("../pipeline/evaluate.ts")).evaluate(options, context),
  generate: async (options, context) => (await import("../pipeline/generate.ts")).generate(options, context),
  logits: async (options, context) => (await import("../pipeline/logits.ts")).logits(options, context),
  inspect: async (options, context) => (await import("../pipeline/inspect.ts")).inspect(options, context),
  pretrain: async (options, context) => (await import("../pipeline/pretrain.ts")).pretrain(options, context),
  bench: async (options, context) => (await import("../pipeline/bench.ts")).bench(options, context),
  chat: async (options, context) => (await import("../pipeline/chat.ts")).chat(options, context),
  listOpsDataset: async (options, context) => (await import("../pipeline/dataset.ts")).listOpsDataset(options, context),
  classificationDataset: async (options, context) =>
    (await import("../pipeline/dataset.ts")).classificationDataset(options, context),
  recallDataset: async (options, context) =>
    (await import("../pipeline/recall-dataset.ts")).recallDataset(options, context),
  retrievalDataset: async (options, context) =>
    (await import("../pipeline/dataset.ts")).retrievalDataset(options, context),
  listMixers: async (options, context) => (await import("../pipeline/mixers.ts")).listMixers(options, context),
  showMixer: async (options, context) => (await import("../pipeline/mixers.ts")).showMixer(options, context),
  checkMixers: async (options, context) => (await import("../pipeline/mixers.ts")).checkMixers(options, context),
  benchMixers: async (options, context) => (await import("../pipeline/mixers.ts")).benchMixers(options, context),
};
