/** The teacher against golden outputs of the published implementation: perplexity, ids, logits, greedy tokens. */
import { readFileSync } from "node:fs";
import { perplexity } from "../src/evaluation/perplexity.ts";
import { ForwardPass } from "../src/inference/forward.ts";
import { createEngine, floats } from "../src/runtime/index.ts";
import type { BenchOptions } from "./common.ts";
import { data, number, openTeacher, print } from "./common.ts";

interface Golden {
  readonly perplexity: { readonly by_length: Readonly<Record<string, { readonly perplexity: number }>> };
  readonly prompts: readonly {
    readonly text: string;
    readonly ids: number[];
    readonly top10_ids: number[];
    readonly top10_logits: number[];
  }[];
}

/** Prints one line per check. */
export async function teacher(options: BenchOptions): Promise<void> {
  const golden = JSON.parse(readFileSync(data(options, "smollm2", "golden.json"), "utf8")) as Golden;
  const opened = await openTeacher(options);
  const engine = createEngine({ threads: number(options, "threads", 2) });
  const forward = new ForwardPass(engine, opened.model);
  const width = opened.model.architecture.hiddenSize;
  for (const { text, ids, top10_ids, top10_logits } of golden.prompts) {
    const hidden = await forward.hidden({ ids, batch: 1, length: ids.length });
    const { data: logits } = await forward.logits(floats([1, width], hidden.data.subarray((ids.length - 1) * width)));
    const worst = top10_ids.reduce(
      (most, id, rank) => Math.max(most, Math.abs((logits[id] ?? 1e9) - (top10_logits[rank] ?? 0))),
      0,
    );
    print({
      prompt: text.slice(0, 30),
      same_ids: JSON.stringify(opened.tokenizer.encode(text)) === JSON.stringify(ids),
      worst_logit_error: worst,
    });
  }
  const ids = opened.tokenizer.encode(readFileSync(data(options, "wikitext-2", "test.txt"), "utf8"));
  for (const [length, expected] of Object.entries(golden.perplexity.by_length)) {
    const began = performance.now();
    const result = await perplexity(forward, ids, { length: Number(length), maxTokens: 20480 });
    print({
      length: Number(length),
      perplexity: result.perplexity,
      golden: expected.perplexity,
      relative_error: Math.abs(result.perplexity / expected.perplexity - 1),
      tokens_per_second: (1000 * 20480) / (performance.now() - began),
    });
  }
  await engine.release();
}
