/** The rope axis: which queries and keys carry rotary positions (arXiv 2104.09864). */
import { z } from "zod";

/**
 * `before`: the block rotates them before both branches; `none`: nobody does. Otherwise the mixer rotates them itself, from the
 * call's angles: for the `window` alone, for the `state` alone, or the state's features (`features`).
 */
export const ropeSchema = z.enum(["before", "none", "window", "state", "features"]);

/** Which inputs are rotated. */
export type Rope = z.output<typeof ropeSchema>;
