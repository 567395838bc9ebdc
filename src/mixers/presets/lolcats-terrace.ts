/** LoLCATs with a terrace of two blocks as its window. */
import type { Preset } from "../preset.ts";
import { branches, oracle } from "./lolcats-common.ts";

/** The window is a terrace: the query's block of 64 and the one before (`window_tk`). */
export const lolcatsTerrace: Preset = {
  name: "lolcats-terrace",
  title: "LoLCATs, terrace window",
  paper: "arXiv 2410.10254",
  equation: "as lolcats, with the query's own block and the one before it as its window",
  spec: { window: { kind: "terrace", size: 64 }, ...branches },
  oracles: [oracle("linear_window_attention_tk", { compat: true })],
};
