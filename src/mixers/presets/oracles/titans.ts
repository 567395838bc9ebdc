/** How published code of this mixer is read: titansLinear. */
import type { Oracle } from "../../preset.ts";
import { bare, givenDecay } from "../common.ts";

const given = { source: "given", bias: null } as const;

/** The reference implementations. */
export const oracles: readonly Oracle[] = [
  {
    function: "titans.naive.chunk_titans_linear_ref",
    spec: {
      ...bare,
      state: {
        featureMap: { kind: "identity" },
        decay: givenDecay("head"),
        write: { rate: given, keep: { ...given, activation: null }, gradient: "published" },
      },
    },
    arguments: { "state.write.size": "chunk_size" },
    tensors: {
      queries: "q:BHTK",
      keys: "k:BHTK",
      values: "v:BHTK",
      "stream.rate": "theta:BHTI",
      "stream.keep": "log(eta):BHTI",
      "stream.decay": "log(1-alpha):BHTI",
      "lossScale.bias": "w:HK",
      "lossShift.bias": "b:HK",
      "state.recurrent": "initial_state:BHKK",
    },
  },
];
