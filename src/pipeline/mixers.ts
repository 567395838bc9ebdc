/** The verbs about token mixers: what there is, one in full, published results against them, and their time and memory. */
export { benchMixers } from "./mixers/bench.ts";
export { checkMixers } from "./mixers/check-files.ts";
export { listMixers, showMixer } from "./mixers/describe.ts";
