/** How many threads the engine gets where nobody says. */
import { availableParallelism } from "node:os";

/** As many as the process may use at once. */
export function defaultThreads(): number {
  return Math.max(1, availableParallelism());
}
