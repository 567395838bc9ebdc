/** stories260K on TinyStories: nats per token. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ForwardPass } from "../src/inference/forward.ts";
import { openModel } from "../src/pipeline/open-model.ts";
import { createEngine } from "../src/runtime/index.ts";
import type { BenchOptions } from "./common.ts";
import { data, number, print } from "./common.ts";

/**
 * Protocol: the file keeps no marks between stories, so those that begin with "Once upon a time" are taken, each from
 * there to the next such beginning, with BOS in front, cut to a context of 512 tokens; every token after BOS is scored;
 * the mean is over all tokens of the first `--runs` stories. Where another story follows, the text changes under the
 * model, which costs a little against its reference of 1.2866.
 */
export async function stories(options: BenchOptions): Promise<void> {
  const engine = createEngine({ threads: number(options, "threads", 2) });
  const text = readFileSync(data(options, "tinystories", "validation.txt"), "utf8");
  const all = text.split(/\n+(?=Once upon a time)/).slice(1);
  for (const file of ["stories260K.bin", "checkpoint_v1.bin", "stories260K-q8.bin"]) {
    const { model, tokenizer } = await openModel(data(options, "stories260K", file));
    const forward = new ForwardPass(engine, model);
    let [total, count] = [0, 0];
    for (const story of all.slice(0, number(options, "runs", 200))) {
      const part = tokenizer.encode(story.trim(), { special: true }).slice(0, model.architecture.context);
      const losses = await forward.losses(part);
      total += losses.reduce((sum, loss) => sum + loss, 0);
      count += losses.length;
    }
    print({ file: join("stories260K", file), tokens: count, nats_per_token: total / count });
  }
  await engine.release();
}
