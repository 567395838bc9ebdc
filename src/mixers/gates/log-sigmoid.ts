/** The logarithm of a sigmoid. */
import { negate, softplus, type Value } from "../../graph/index.ts";

/** log σ(x), without overflow. */
export const logSigmoid = (x: Value): Value => negate(softplus(negate(x)));
