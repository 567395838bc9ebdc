/** The window axis: which keys a query meets with exact softmax weights. */
import type { z } from "zod";
import { axis } from "../axis.ts";
import { block } from "./block.ts";
import { dilated } from "./dilated.ts";
import { disc } from "./disc.ts";
import { full } from "./full.ts";
import { salient } from "./salient.ts";
import { selected } from "./selected.ts";
import { slide } from "./slide.ts";
import { terrace } from "./terrace.ts";

export { endOfGone, gone } from "./salient.ts";
export { carried, retainedName, type Store } from "./store.ts";
export {
  causal,
  type Delay,
  type Fading,
  type NewestKeys,
  type Positions,
  type Retention,
  type Sights,
  type Window,
  type WindowBlocks,
} from "./window.ts";

/**
 * All windows: `full` (softmax attention), `slide` (the newest keys), `terrace` (own block and its neighbours), `block` (the own
 * block alone), `dilated` (every n-th key), `disc` (neighbours on a grid), `selected` (blocks that the caller chooses), `salient` (the newest
 * keys, and some older ones).
 */
export const windows = axis({ full, slide, terrace, block, dilated, disc, selected, salient });

/** A window's options. */
export type WindowOptions = z.output<typeof windows.schema>;
