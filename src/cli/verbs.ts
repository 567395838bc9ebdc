/** The pipeline's verbs, each loaded when it is first called: `--help` reads none of them. */
import type { Verbs } from "../pipeline/contract.ts";

/** The verbs this version has. */
export const verbs: Partial<Verbs> = {};
