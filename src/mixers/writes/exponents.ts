/** Keys as exponents: each channel is a weighted mean of its own values. */
import { z } from "zod";
import { kind } from "../axis.ts";
import { MixerError } from "../errors.ts";
import { gate, gateSchema } from "../gates/gate.ts";
import { exponential } from "../recurrence/exponential.ts";
import { columns, gated, same, type Write, widthsOf } from "./declared.ts";

/** a ← α a + e^k v, b ← α b + e^k, read with the token's own weight e^(u + k) (RWKV-4, arXiv 2305.13048). */
export const exponents = kind(
  z.strictObject({
    kind: z.literal("exponents"),
    /** What a token's own exponent has more than it is written with, u. */
    bonus: gateSchema.prefault({ source: "learned", activation: "none" }),
  }),
  ({ bonus }): Write => {
    const gates = gated({ bonus: [gate("bonus", bonus), columns] });
    return {
      ...gates,
      widths: same,
      write: (tokens, _decays, inputs, sizes) => {
        const { features, values } = widthsOf(tokens);
        if (features !== values)
          throw new MixerError(`exponents weigh values one by one: ${features} keys cannot weigh ${values} values`);
        return { ...tokens, gates: { ...tokens.gates, ...gates.read(inputs, sizes, widthsOf(tokens)) } };
      },
      recurrence: ({ per }, order) =>
        per === "value" && order === "after" ? exponential : "exponents need a decay per value, read after the write",
    };
  },
);
