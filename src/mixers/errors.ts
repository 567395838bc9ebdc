/** What goes wrong when a mixer is described or built. */
import { SubquadError } from "../errors.ts";

/** A mixer that is described wrongly, or a form it does not have: the message names the field or the reason. */
export class MixerError extends SubquadError {
  override name = "MixerError";
}
