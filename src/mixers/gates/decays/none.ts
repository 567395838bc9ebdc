/** No decay. */
import { z } from "zod";
import { kind } from "../../axis.ts";
import type { Decay } from "../decay.ts";

export const none = kind(
  z.strictObject({ kind: z.literal("none") }),
  (): Decay => ({ per: "none", parameters: () => ({}), streams: () => ({}) }),
);
