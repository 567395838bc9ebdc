/** What the verbs take, return and report: the one contract between the command line, the library and the pipeline. */
export * from "./contract/compare.ts";
export type * from "./contract/context.ts";
export * from "./contract/dataset.ts";
export * from "./contract/documents.ts";
export * from "./contract/mixer-documents.ts";
export type * from "./contract/mixer-options.ts";
export type * from "./contract/options.ts";
export * from "./contract/probe.ts";
export type * from "./contract/verbs.ts";
