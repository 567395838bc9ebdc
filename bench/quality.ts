/** The quality a recipe reaches for a token budget on SmolLM2, by the peer's texts and protocol. */
import { join } from "node:path";
import type { BenchOptions } from "./common.ts";
import { data, print, subquad, trainingTexts } from "./common.ts";

/**
 * `--output DIR --length N --batch N --settings "key=value key=value"`: 400k transfer and 300k finetuning tokens; with
 * `--recipe NAME` that recipe's own budget, lengths and batches.
 */
export async function quality(options: BenchOptions): Promise<void> {
  const output = options.output ?? "out/quality";
  const model = options.model ?? data(options, "smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf");
  const budget =
    options.recipe === undefined
      ? [
          ...["--transfer-tokens", "400k", "--finetune-tokens", "300k"],
          ...["--length", options.length ?? "512", "--batch", options.batch ?? "2"],
        ]
      : ["--recipe", options.recipe];
  const set = (options.settings ?? "").split(" ").filter((setting) => setting !== "");
  const trained = await subquad([
    "linearize",
    model,
    "--text",
    ...trainingTexts.map((parts) => data(options, ...parts)),
    ...budget,
    ...["--output", output, "--threads", options.threads ?? "2"],
    ...set.flatMap((setting) => ["--set", setting]),
  ]);
  print({ trained: (trained as { stages: unknown }).stages });
  const text = data(options, join("wikitext-2", "test.txt"));
  const measured = await subquad([
    "evaluate",
    output,
    "--against",
    model,
    "--text",
    text,
    "--lengths",
    "512,2048",
    "--ablations",
    "--threads",
    options.threads ?? "2",
  ]);
  print(measured as Record<string, unknown>);
}
