/** Tokens per second and peak memory of a training stage, beside the peer in the same run. */
import { createEngine, peakProcessMemory } from "../src/runtime/index.ts";
import { DataOrder } from "../src/training/data-order.ts";
import { EndToEndTrainee } from "../src/training/end-to-end.ts";
import { LayerwiseTrainee } from "../src/training/layerwise.ts";
import type { Trainee } from "../src/training/loop.ts";
import type { BenchOptions } from "./common.ts";
import { number, openTeacher, peerSpeed, print, untrained } from "./common.ts";

const optimizer = { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 };

/** `--stage transfer|lora --length N --batch N --threads N --steps N --products float32|int8 --recompute LAYERS`. */
export async function speed(options: BenchOptions): Promise<void> {
  const [length, batch, steps] = [
    number(options, "length", 1024),
    number(options, "batch", 1),
    number(options, "steps", 3),
  ];
  const stage = options.stage ?? "transfer";
  const products = options.products === "int8" ? "int8" : "float32";
  const teacher = await openTeacher(options);
  const student = untrained(teacher);
  const engine = createEngine({ threads: number(options, "threads", 2) });
  const { architecture, weights, mixers } = student;
  const common = {
    architecture,
    weights,
    batch,
    length,
    optimizer,
    products,
    heldOut: [],
    seed: 0,
    trains: () => stage === "transfer",
  } as const;
  const layers = mixers.map(({ spec, parameters }) => ({ spec, parameters: { ...parameters } }));
  const adapters = { rank: 8, scale: 2, targets: ["queries", "keys", "values", "output"] } as const;
  const trainee: Trainee =
    stage === "transfer"
      ? new LayerwiseTrainee(engine, {
          ...common,
          teacher: weights,
          layers,
          loss: { outputs: 1000, weights: 0, mixed: 0, stream: 0, salience: 0 },
          inputs: "teacher",
          remembered: 0,
        })
      : new EndToEndTrainee(engine, { ...common, layers, adapters, recomputed: number(options, "recompute", 0) });
  const ids = Int32Array.from(
    { length: (steps + 2) * batch * length },
    (_unused, index) => (index * 48271) % architecture.vocabularySize,
  );
  const data = new DataOrder({ ids, mask: undefined }, length, 0);
  let best = Number.POSITIVE_INFINITY;
  for (let step = 0; step <= steps; step++) {
    const began = performance.now();
    const { gradients } = await trainee.gradients(data.batch(step, batch), step);
    await trainee.optimizer.step(gradients, optimizer.learningRate, 1);
    // The first step compiles.
    if (step > 0) best = Math.min(best, performance.now() - began);
  }
  const ours = (1000 * batch * length) / best;
  const peak = peakProcessMemory() / 2 ** 30;
  await engine.release();
  const peer = await peerSpeed(options, stage, length, batch);
  print({
    stage,
    length,
    batch,
    products,
    tokens_per_second: ours,
    peak_gib: peak,
    peer_tokens_per_second: peer?.tokens_per_second ?? null,
    peer_peak_gib: peer?.peak_gib ?? null,
    ratio: peer === undefined ? null : ours / peer.tokens_per_second,
  });
}
