/** How likely given tokens are beside others, without handing out whole rows of logits. */
import type { Architecture } from "../families/index.ts";
import { add, input, log, max, type Program, pick, program, softmax, subtract } from "../graph/index.ts";
import { endInputs, finalStates, logitsOf } from "./ends.ts";

/**
 * `x` `[count, hidden]`, the stream before the final norm, the end's weights by role, `targets` and `others` int64 `[count, 1]` →
 * `target` and `other`, their log probabilities in nats, and `best`, that of the likeliest token; all `[count, 1]`.
 */
export function compareProgram(architecture: Architecture, count: number): Program<"target" | "other" | "best"> {
  const values = endInputs(architecture);
  const states = finalStates(input("x", [count, architecture.hiddenSize]), values, architecture);
  const logits = logitsOf(states, values, architecture);
  const best = log(max(softmax(logits), [-1]));
  const largest = max(logits, [-1]);
  // Differences of logits keep their precision where a probability would be rounded to zero.
  const chosen = (name: string) => add(best, subtract(pick(logits, input(name, [count, 1], "int64")), largest));
  return program({ target: chosen("targets"), other: chosen("others"), best });
}
