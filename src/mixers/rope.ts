/** The rope axis: which inputs the block rotates before the mixer sees them. */
import { z } from "zod";

/** `before`: queries and keys are rotated before both branches; `none`: neither is. */
export const ropeSchema = z.enum(["before", "none"]);
