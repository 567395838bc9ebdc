/** Values written into a Legendre memory (LMUFormer, arXiv 2402.04882). */
import { z } from "zod";
import { kind } from "../axis.ts";
import { legendre as memory } from "../recurrence/legendre.ts";
import { same, type Write } from "./declared.ts";

/** S ← Ā S + B̄ v: a sliding span of the values as polynomials; keys are not read. */
export const legendre = kind(
  z.strictObject({
    kind: z.literal("legendre"),
    /** Tokens that the memory spans; a few times its coefficients, for it to be stable. */
    span: z.number().positive().default(128),
  }),
  ({ span }): Write => ({
    parameters: () => ({}),
    streams: () => ({}),
    widths: same,
    write: (tokens) => tokens,
    recurrence: ({ per }, order) =>
      per === "none" && order === "after" ? memory(span) : "the memory's matrices are its decay, read after the write",
  }),
);
