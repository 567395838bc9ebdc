/** Writes that add to the state and carry sums of the tokens beside it. */
import { z } from "zod";
import { kind } from "../axis.ts";
import { flowing } from "../recurrence/flow.ts";
import { injective, magnitudeAware, meanCorrected } from "../recurrence/mean-corrected.ts";
import type { Recurrence } from "../recurrence/recurrence.ts";
import { same, type Write } from "./declared.ts";

/** A state that never forgets, and counts its tokens. */
function counted(recurrence: Recurrence): Write {
  return {
    parameters: () => ({}),
    streams: () => ({}),
    widths: same,
    write: (tokens) => tokens,
    recurrence: ({ per }, order) =>
      per === "none" && order === "after" ? recurrence : "it counts all tokens, and is read after each one's write",
  };
}

/** Flow attention's competing values (arXiv 2202.06258). */
export const flow = kind(z.strictObject({ kind: z.literal("flow") }), () => counted(flowing));

/** Additive, corrected by the mean of the values: weights that the query's magnitude sharpens (arXiv 2507.00698). */
export const magnitude = kind(z.strictObject({ kind: z.literal("magnitude") }), () =>
  counted(meanCorrected(magnitudeAware)),
);

/** Additive, corrected by the mean of the values: weights normalised by subtraction (arXiv 2412.06590). */
export const subtractive = kind(z.strictObject({ kind: z.literal("injective") }), () =>
  counted(meanCorrected(injective)),
);
