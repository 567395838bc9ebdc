/** Which layers read a window only, as configurations with `layer_types` tell it. */
import { z } from "zod";
import { attention } from "./attention.ts";
import type { Block } from "./block.ts";

/** The keys, to be spread into a family's shape. */
export const windowShape = {
  sliding_window: z.number().int().positive().nullish(),
  use_sliding_window: z.boolean().default(false),
  max_window_layers: z.number().int().nonnegative().nullish(),
  layer_types: z.array(z.enum(["full_attention", "sliding_attention"])).nullish(),
};

/** A configuration with these keys. */
export type WindowConfig = z.output<z.ZodObject<typeof windowShape>>;

/** Each layer's window, in a block that is otherwise as given; without `layer_types` the first `max_window_layers` read all. */
export function layerWindows(c: WindowConfig, block: Partial<Block> = {}): (layer: number) => Partial<Block> {
  const local = (layer: number) =>
    c.layer_types ? c.layer_types[layer] === "sliding_attention" : layer >= (c.max_window_layers ?? 0);
  return (layer) => ({
    ...block,
    mixer: attention({ window: c.use_sliding_window && local(layer) ? c.sliding_window : null }),
  });
}
