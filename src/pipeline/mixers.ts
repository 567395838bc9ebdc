/** The verbs about token mixers: what there is, one in full, and published results against all of them. */
export { checkMixers } from "./mixers/check-files.ts";
export { listMixers, showMixer } from "./mixers/describe.ts";
