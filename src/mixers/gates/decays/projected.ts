/** Decays projected from the tokens. */
import { z } from "zod";
import type { Value } from "../../../graph/index.ts";
import { kind } from "../../axis.ts";
import type { MixerInputs, MixerSizes } from "../../contract.ts";
import type { Parameters } from "../../parameter.ts";
import { type Decay, type Decays, type GateWidths, type Granularity, granularities, widthOf } from "../decay.ts";
import { type ProjectionOptions, projection } from "../projection.ts";

/** A decay projected from the tokens, and what makes its logarithm of the projection's numbers. */
export function projected(
  granularity: Granularity,
  source: ProjectionOptions,
  start: { bias?: number; shared?: boolean },
  own: (sizes: MixerSizes, widths: GateWidths) => Parameters,
  activate: (x: Value, parameters: MixerInputs["parameters"]) => Decays,
): Decay {
  const from = projection("decay", source, start);
  return {
    per: granularity,
    parameters: (sizes, widths) => ({
      ...from.parameters(sizes, widthOf(granularity, widths)),
      ...own(sizes, widths),
    }),
    streams: (sizes, widths) => from.streams(sizes, widthOf(granularity, widths)),
    read: (inputs, sizes, widths) =>
      activate(from.read(inputs, sizes, widthOf(granularity, widths)), inputs.parameters),
  };
}

/** log α itself, given. */
export const given = kind(z.strictObject({ kind: z.literal("given"), per: granularities }), ({ per: granularity }) =>
  projected(
    granularity,
    { source: "given" },
    {},
    () => ({}),
    (decay) => ({ decay }),
  ),
);
