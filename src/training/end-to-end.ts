/** Learning through the whole depth: adapters, mixers or weights of a student learn from its next-token chances (LoRA, arXiv 2106.09685). */
import { nextTokenOnly, type TokenTerms } from "../model/head.ts";
import type { Ablation } from "../model/mixer-block.ts";
import type { ModelWeights } from "../model/weights.ts";
import type { Engine, FloatTensor } from "../runtime/index.ts";
import { type TokenWindow, uniform } from "./data-order.ts";
import { endsGroup, Learner, type LearnerPlan } from "./learner.ts";
import type { Trainee } from "./loop.ts";
import { type Gradients, layerGroup, type Optimizer } from "./optimizer.ts";
import { Stack, type StackWeights, type TeacherEnd } from "./stack.ts";
import { TeacherPass } from "./teacher-pass.ts";

/** What learning through the whole depth needs to know. */
export interface EndToEndPlan extends Omit<LearnerPlan, "backward"> {
  readonly batch: number;
  readonly length: number;
  /** What the loss is made of (default: the next token alone). */
  readonly terms?: TokenTerms;
  /** The teacher's own weights, where the loss looks at its chances. */
  readonly teacher?: ModelWeights;
  /** The chance that the micro-batch of a number has no softmax window (default: never; arXiv 2510.05901). */
  readonly windowDropout?: (microBatch: number) => number;
  /** Layers, from the first, whose activations are recomputed instead of saved. */
  readonly recomputed: number;
  readonly heldOut: readonly TokenWindow[];
}

/** What is left where the window is dropped: as in the report's ablation, early tokens keep what they have. */
const withoutWindow: Ablation = { window: 1e-9 };

/** A student learning through all its blocks. */
export class EndToEndTrainee implements Trainee {
  readonly optimizer: Optimizer;
  readonly learner: Learner;
  readonly #plan: EndToEndPlan;
  readonly #stack: Stack;
  readonly #teacher: TeacherPass | undefined;
  readonly #head: StackWeights["quantizedHead"];
  /** The teacher's last stream of each held-out micro-batch: it never changes. */
  readonly #heldOutEnds = new Map<TokenWindow, FloatTensor>();

  constructor(engine: Engine, plan: EndToEndPlan) {
    this.#plan = plan;
    this.learner = new Learner(engine, { ...plan, backward: true });
    this.optimizer = this.learner.optimizer;
    this.#head = this.learner.quantizedHead();
    const { architecture, adapters, products, batch, length, layers, terms = nextTokenOnly, teacher } = plan;
    const blocks = layers.map(({ spec }, layer) => ({
      mixer: spec,
      ...(adapters && { adapters }),
      trained: this.learner.trained(layer),
      products,
      activations: layer < plan.recomputed ? ("recomputed" as const) : ("saved" as const),
    }));
    const trainEnds = (plan.ends ?? []).length > 0;
    this.#stack = new Stack(engine, {
      architecture,
      batch,
      length,
      blocks,
      trainEnds,
      terms,
      headProducts: trainEnds ? "float32" : products,
    });
    if (terms.logits > 0 && teacher !== undefined) {
      const whole = { architecture, weights: teacher, length, layers: [], taps: [], products, remembered: 0 };
      this.#teacher = new TeacherPass(engine, whole);
    }
  }

  async gradients(window: TokenWindow, microBatch: number): Promise<{ loss: number; gradients: Gradients }> {
    const chance = this.#plan.windowDropout?.(microBatch) ?? 0;
    const dropped = chance > 0 && uniform(this.#plan.seed + 0x51ed27 * (microBatch + 1))() < chance;
    const teacher = this.#end(await this.#teacher?.stream(window.ids));
    const { loss, layers, ends } = await this.#stack.gradients(window, this.#weights(), {
      ...(teacher && { teacher }),
      ...(dropped && { ablation: withoutWindow }),
    });
    const gradients: Gradients = new Map(layers.map((tensors, layer) => [layerGroup(layer), tensors]));
    return { loss: loss / this.#factors(), gradients: gradients.set(endsGroup, ends) };
  }

  /** The terms per held-out token, weighted by their factors' shares, nats. */
  async heldOut(): Promise<number> {
    let [total, count] = [0, 0];
    for (const window of this.#plan.heldOut) {
      const score = await this.#stack.score(window, this.#weights(), this.#end(await this.#heldOutEnd(window)));
      total += score.total;
      count += score.count;
    }
    return total / count / this.#factors();
  }

  /** The teacher's last stream of a held-out micro-batch, in float32. */
  async #heldOutEnd(window: TokenWindow): Promise<FloatTensor | undefined> {
    const known = this.#heldOutEnds.get(window);
    if (known !== undefined || this.#teacher === undefined) return known;
    const { shape, data, dtype } = await this.#teacher.stream(window.ids, "float32");
    const kept = { dtype, shape, data: data.slice() };
    this.#heldOutEnds.set(window, kept);
    return kept;
  }

  #end(x: FloatTensor | undefined): TeacherEnd | undefined {
    const { teacher } = this.#plan;
    return x && teacher && { x, ends: teacher };
  }

  #factors(): number {
    const { nextToken, logits } = this.#plan.terms ?? nextTokenOnly;
    return nextToken + logits;
  }

  #weights(): StackWeights {
    const layers = this.#plan.layers.map((_layer, layer) => this.learner.feeds(layer));
    return { ...this.learner.ends(), ...(this.#head && { quantizedHead: this.#head }), layers };
  }
}
