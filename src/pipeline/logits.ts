/** `logits`: the likeliest next tokens after a prompt, for comparing implementations. */
import { SubquadError } from "../errors.ts";
import { topIndices } from "../inference/top.ts";
import type { LogitsDocument, LogitsOptions, Verb } from "./contract.ts";
import { openDecoder, promptIds, warnBeyondContext } from "./decoding.ts";

/** Reads a prompt. Throws a SubquadError where it has no tokens; rejects with the signal's reason when it is aborted. */
export const logits: Verb<LogitsOptions, LogitsDocument> = async (options, context) => {
  const open = await openDecoder(options, context);
  const { opened, decoder, engine } = open;
  try {
    const ids = promptIds(opened, options, true);
    if (ids.length === 0) throw new SubquadError("the prompt has no tokens: give a text or ids");
    warnBeyondContext(open, ids.length, context);
    const state = decoder.start(ids.length);
    const progress = context.reporter.stage("prefill", { tokens: ids.length });
    try {
      await decoder.prefill(state, ids, { signal: context.signal, onTokens: (done) => progress.update({ done }) });
    } finally {
      progress.end();
    }
    const found = topIndices(state.logits.data, options.top);
    return { ids: [...ids], top_ids: found, top_logits: found.map((id) => state.logits.data[id] ?? 0) };
  } finally {
    await engine.release();
  }
};
