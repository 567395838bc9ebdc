/** A state in partitions that tokens choose by a router (SSE, arXiv 2507.16577). */
import { z } from "zod";
import { equal, integers, or, reshape, slice, softmax, topIndices, type Value, where } from "../../graph/index.ts";
import { type Axis, kind } from "../axis.ts";
import { type ProjectionOptions, projection, projectionOptions } from "../gates/projection.ts";
import { partitioned } from "../recurrence/partitioned.ts";
import type { Write } from "./declared.ts";

/** The `top` largest of the last axis; zeros elsewhere. */
function largest(probabilities: Value, top: number): Value {
  const width = probabilities.shape.at(-1) ?? 1;
  const indices = topIndices(probabilities, top);
  const all = reshape(integers(Array.from({ length: width }, (_unused, index) => index)), [1, 1, 1, width]);
  const masks = Array.from({ length: top }, (_unused, rank) => equal(slice(indices, -1, rank, rank + 1), all));
  return where(masks.reduce(or), probabilities, 0);
}

/** The kind `sparse` over the writes that its partitions may have. */
export function sparse<Schema extends z.ZodType>(bases: Axis<Schema, Write>) {
  return kind(
    z.strictObject({
      kind: z.literal("sparse"),
      /** Partitions beside the one that all tokens share. */
      partitions: z.number().int().min(2).default(4),
      /** Partitions that a token writes and reads. */
      top: z.number().int().positive().default(1),
      ...projectionOptions,
      /** How tokens are written into a partition. */
      base: bases.schema,
    }),
    ({ partitions, top, source, rank, base }): Write => {
      const inner = bases.declare(base as z.output<Schema>);
      const router = projection("router", { source, rank } as ProjectionOptions, { shared: true });
      return {
        parameters: (sizes, widths) => ({
          ...inner.parameters(sizes, widths),
          ...router.parameters(sizes, partitions),
        }),
        streams: (sizes, widths) => ({ ...inner.streams(sizes, widths), ...router.streams(sizes, partitions) }),
        widths: inner.widths,
        write: (tokens, decays, inputs, sizes) => {
          const written = inner.write(tokens, decays, inputs, sizes);
          const probabilities = softmax(router.read(inputs, sizes, partitions));
          return { ...written, gates: { ...written.gates, route: largest(probabilities, top) } };
        },
        recurrence: (decay, order) => {
          const recurrence = inner.recurrence(decay, order);
          return typeof recurrence === "string" ? recurrence : partitioned(recurrence, partitions);
        },
      };
    },
  );
}
