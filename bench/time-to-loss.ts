/** Seconds until attention transfer reaches a held-out loss, under the settings given. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createEngine } from "../src/runtime/index.ts";
import { DataOrder } from "../src/training/data-order.ts";
import { heldOutWindows } from "../src/training/held-out.ts";
import { LayerwiseTrainee } from "../src/training/layerwise.ts";
import { createSchedule } from "../src/training/schedule.ts";
import type { BenchOptions } from "./common.ts";
import { data, number, openTeacher, peerOf, print, trainingTexts, untrained } from "./common.ts";

/** Settings as JSON: `{"rate":0.01,"cosine":true,"clip":1,"evaluateEvery":50}`. */
interface Settings {
  readonly rate?: number;
  readonly cosine?: boolean;
  readonly clip?: number;
  readonly evaluateEvery?: number;
  readonly beta2?: number;
  /** Optimizer steps per teacher pass. */
  readonly repeats?: number;
  /** The windows' weight at first. */
  readonly gamma?: number;
}

/** The lengths and tokens that held-out text is judged by. */
const judged = { length: 512, tokens: 40960 };

/** `--tokens N --length N --batch N --products float32|int8 --settings JSON`: prints the curve of the held-out loss. */
export async function timeToLoss(options: BenchOptions): Promise<void> {
  const settings = JSON.parse(options.settings ?? "{}") as Settings;
  const [length, batch, tokens] = [
    number(options, "length", 512),
    number(options, "batch", 2),
    number(options, "tokens", 400_000),
  ];
  const teacher = await openTeacher(options);
  const { architecture, weights, mixers } = untrained(teacher, settings.gamma);
  const engine = createEngine({ threads: number(options, "threads", 2) });
  const read = (...path: string[]) => teacher.tokenizer.encode(readFileSync(data(options, ...path), "utf8"));
  const ids = Int32Array.from(trainingTexts.flatMap((parts) => read(...parts)));
  const test = Int32Array.from(read("wikitext-2", "test.txt"));
  const { rate = 1e-2, repeats = 1 } = settings;
  const plan = {
    architecture,
    weights,
    layers: mixers.map(({ spec, parameters }) => ({ spec, parameters: { ...parameters } })),
    batch,
    length,
    teacher: weights,
    loss: { outputs: 1000, weights: 0, mixed: 0, stream: 0, salience: 0 },
    inputs: "teacher" as const,
    seed: 0,
    optimizer: { learningRate: rate, beta1: 0.9, beta2: settings.beta2 ?? 0.999, epsilon: 1e-8, weightDecay: 0 },
    trains: () => true,
    heldOut: heldOutWindows({ ids: test, mask: undefined }, judged.length, judged.tokens),
    products: options.products === "int8" ? ("int8" as const) : ("float32" as const),
    remembered: repeats > 1 ? 1 : 0,
  };
  const trainee = new LayerwiseTrainee(engine, plan);
  const judge = new LayerwiseTrainee(engine, { ...plan, length: judged.length, batch: 1, products: "float32" });
  const order = new DataOrder({ ids, mask: undefined }, length, 0);
  const steps = Math.floor(tokens / (length * batch)) * repeats;
  const schedule = createSchedule(
    settings.cosine ? { kind: "cosine", minimum: 0, warmup: 10 } : { kind: "constant", warmup: 0 },
    rate,
    steps,
  );
  const clip = settings.clip ?? 1;
  let seconds = 0;
  for (let step = 0; step < steps; step++) {
    const began = performance.now();
    const { loss, gradients } = await trainee.gradients(order.batch(Math.floor(step / repeats), batch));
    const norm = await trainee.optimizer.norm(gradients);
    await trainee.optimizer.step(gradients, schedule.rate(step), norm > clip ? clip / norm : 1);
    seconds += (performance.now() - began) / 1000;
    const due = (step + 1) % (settings.evaluateEvery ?? 100) === 0 || step + 1 === steps;
    if (!due) continue;
    judge.optimizer.adopt(trainee.optimizer.snapshot());
    print({ tokens: ((step + 1) * batch * length) / repeats, seconds, train: loss, held_out: await judge.heldOut() });
  }
  await engine.release();
  await peerCurve(options);
}

/** The peer's curve, where its interpreter, scripts and model are named. */
async function peerCurve(options: BenchOptions): Promise<void> {
  const { threads = "2", tokens = "400000" } = options;
  const peer = peerOf(options);
  if (peer === undefined) return;
  const script = fileURLToPath(new URL("peers/transfer_loss.py", import.meta.url));
  const texts = [data(options, "wikitext-2", "test.txt"), ...trainingTexts.map((parts) => data(options, ...parts))];
  const printed = await peer.run([script, peer.peers, peer.model, tokens, threads, ...texts]);
  for (const line of printed.split("\n")) print({ peer: JSON.parse(line) as unknown });
}
