/** All keys: softmax attention. */
import { z } from "zod";
import { equal, type Value } from "../../graph/index.ts";
import { kind } from "../axis.ts";
import { windowOptions, withOptions } from "./options.ts";
import { causal, type Positions, plain, type Sights, type Window } from "./window.ts";

/** Every key, for every query. */
const everything = ({ keys }: Positions): Value => equal(keys, keys);

/** Every earlier key; or, for mixers that read both ways, every key. */
export const full = kind(z.strictObject({ kind: z.literal("full"), ...windowOptions }), (options): Sights => {
  const window: Window = { ...plain, capacity: (sizes) => sizes.length, sees: causal };
  const forwards = { ...window, newest: { stride: 1 }, operator: 0 };
  return withOptions({ causal: forwards, bothWays: { ...window, sees: everything } }, options);
});
