/** What the built-in model keeps of long context, beside a twin trained with a window of 64. */
import { ForwardPass } from "../src/inference/forward.ts";
import { loadBooks } from "../src/pipeline/built-in/corpus.ts";
import { recallTest } from "../src/pipeline/built-in/recall.ts";
import { openModel } from "../src/pipeline/open-model.ts";
import { evaluationText } from "../src/pipeline/training-text.ts";
import { createEngine, floats } from "../src/runtime/index.ts";
import type { BenchOptions } from "./common.ts";
import { number, print } from "./common.ts";

/** `--model DIR` (default: tiny): loss per byte before and past position 256, and recall of facts from beyond 256 bytes. */
export async function tiny(options: BenchOptions): Promise<void> {
  const opened = await openModel(options.model ?? "tiny");
  const engine = createEngine({ threads: number(options, "threads", 2) });
  const forward = new ForwardPass(engine, opened.model);
  const { context, hiddenSize, vocabularySize } = opened.model.architecture;
  const ids = await evaluationText(undefined, opened);
  const windows = Math.min(64, Math.floor(ids.length / context));
  let [near, far] = [0, 0];
  for (let window = 0; window < windows; window++) {
    const losses = await forward.losses(ids.subarray(window * context, (window + 1) * context));
    const mean = (part: Float32Array) => part.reduce((sum, loss) => sum + loss, 0) / part.length / windows;
    near += mean(losses.subarray(0, 255));
    far += mean(losses.subarray(255));
  }
  const prompts = recallTest(loadBooks()["held-out"], {
    prompts: number(options, "runs", 200),
    bytes: context - 1,
    leastGap: 256,
    seed: 5,
  });
  let right = 0;
  for (const { prompt, answer } of prompts) {
    const all = opened.tokenizer.encode(prompt + answer);
    const start = opened.tokenizer.encode(prompt).length;
    // Greedy decoding writes the answer exactly where every byte of it is the likeliest after those before.
    const { data } = await forward.hidden({ ids: all, batch: 1, length: all.length });
    const rows = floats(
      [all.length - start, hiddenSize],
      data.slice((start - 1) * hiddenSize, (all.length - 1) * hiddenSize),
    );
    const logits = await forward.logits(rows);
    const best = all.slice(start).every((id, row) => {
      const scores = logits.data.subarray(row * vocabularySize, (row + 1) * vocabularySize);
      return scores.indexOf(Math.max(...scores)) === id;
    });
    if (best) right++;
  }
  print({
    model: opened.name,
    loss_before_256: near,
    loss_past_256: far,
    recall: right / prompts.length,
    prompts: prompts.length,
  });
  await engine.release();
}
