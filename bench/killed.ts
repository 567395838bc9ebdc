/** A conversion killed again and again, and resumed: its losses must equal those of a run left alone. */
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BenchOptions } from "./common.ts";
import { number, print } from "./common.ts";

const program = join(import.meta.dirname, "..", "dist", "cli", "main.js");

interface Report {
  readonly stages: readonly {
    readonly curve: readonly {
      readonly tokens: number;
      readonly train: number | null;
      readonly held_out: number | null;
    }[];
  }[];
  readonly evaluation: { readonly perplexity: readonly { readonly model: number }[] };
}

/** Runs to the end, or kills after `milliseconds`; true where the run ended by itself. */
function run(output: string, options: BenchOptions, milliseconds?: number): Promise<boolean> {
  const tokens = options.tokens ?? "40k";
  const args = [
    program,
    "linearize",
    "--tokens",
    tokens,
    "--output",
    output,
    "--resume",
    "--threads",
    options.threads ?? "2",
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...process.env, SUBQUAD_CHECKPOINT_SECONDS: "1" },
    });
    const timer = milliseconds === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), milliseconds);
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      clearTimeout(timer);
      if (signal === "SIGKILL") resolve(false);
      else if (code === 0) resolve(true);
      else reject(new Error(`linearize ended with ${code ?? signal}`));
    });
  });
}

function losses(output: string): string {
  const { stages, evaluation } = JSON.parse(readFileSync(join(output, "report.json"), "utf8")) as Report;
  const curves = stages.map(({ curve }) => curve.map(({ tokens, train, held_out }) => [tokens, train, held_out]));
  return JSON.stringify([curves, evaluation.perplexity.map(({ model }) => model)]);
}

/** `--runs N` kills at random moments (default 20), `--tokens` per stage. */
export async function killed(options: BenchOptions): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "subquad-killed-"));
  try {
    const whole = join(folder, "whole");
    const began = performance.now();
    await run(whole, options);
    const duration = performance.now() - began;
    const cut = join(folder, "cut");
    let kills = 0;
    while (kills < number(options, "runs", 20)) {
      // Short enough that many runs fit before the work is done.
      if (await run(cut, options, 2000 + Math.random() * 0.4 * duration)) {
        if (losses(cut) !== losses(whole)) break;
        rmSync(cut, { recursive: true });
      } else kills++;
    }
    await run(cut, options);
    print({
      kills,
      same_losses: losses(cut) === losses(whole),
      files: readdirSync(cut, { recursive: true }),
      same_files: JSON.stringify(readdirSync(cut).sort()) === JSON.stringify(readdirSync(whole).sort()),
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
