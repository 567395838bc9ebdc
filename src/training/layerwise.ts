/** Layerwise learning: every layer of a student learns apart beside the teacher's, with no backward pass across blocks. */
import { blockOf, type LayerRole, layerSizes } from "../families/index.ts";
import { mixerStreams } from "../mixers/index.ts";
import { angleTables, layerAngles } from "../model/angles.ts";
import { type LayerLoss, layerTerms, layerwiseProgram, tapsFor } from "../model/layerwise-block.ts";
import type { BlockTap } from "../model/teacher-block.ts";
import type { ModelWeights } from "../model/weights.ts";
import type { Engine, FloatTensor, Tensor } from "../runtime/index.ts";
import type { TokenWindow } from "./data-order.ts";
import { Learner, type LearnerPlan } from "./learner.ts";
import type { Trainee } from "./loop.ts";
import { type Gradients, layerGroup, type Optimizer, type Parameters } from "./optimizer.ts";
import { TeacherPass, type Told } from "./teacher-pass.ts";
import { addTerms, type LayerResult, type TeacherAttention, transferLayer } from "./transfer-groups.ts";

/** What layerwise learning needs to know. */
export interface LayerwisePlan extends Omit<LearnerPlan, "backward"> {
  readonly batch: number;
  readonly length: number;
  /** The teacher's own weights. */
  readonly teacher: ModelWeights;
  /** Factors of the terms; their sum over layers is divided by the number of layers. */
  readonly loss: LayerLoss;
  /** Whose hidden states a layer reads. */
  readonly inputs: "teacher" | "student";
  readonly heldOut: readonly TokenWindow[];
  /** Micro-batches whose teacher pass is kept, for steps that learn from the same text again. */
  readonly remembered: number;
}

/** A layer's result, and the student's stream after it where that is asked for. */
type Learned = LayerResult & { readonly y?: FloatTensor };

/** A student whose layers learn apart. */
export class LayerwiseTrainee implements Trainee {
  readonly optimizer: Optimizer;
  readonly learner: Learner;
  readonly #engine: Engine;
  readonly #plan: LayerwisePlan;
  readonly #teacher: TeacherPass;
  readonly #learning: readonly number[];
  readonly #angles: ReturnType<typeof angleTables>;

  constructor(engine: Engine, plan: LayerwisePlan) {
    this.#engine = engine;
    this.#plan = plan;
    this.learner = new Learner(engine, { ...plan, backward: true });
    this.optimizer = this.learner.optimizer;
    this.#angles = angleTables(plan.architecture, 0, plan.length);
    this.#learning = plan.layers.flatMap((_layer, index) => (this.learner.trained(index).length > 0 ? [index] : []));
    const { architecture, teacher, length, products, remembered } = plan;
    this.#teacher = new TeacherPass(engine, {
      architecture,
      weights: teacher,
      length,
      layers: this.#learning,
      taps: this.#fromAttention() ? attentionTaps(plan, this.#learning) : tapsFor(plan.loss),
      ropeOf: (layer) => plan.layers[layer]?.spec.rope ?? "before",
      products,
      remembered,
    });
  }

  async gradients({ ids }: TokenWindow): Promise<{ loss: number; gradients: Gradients }> {
    const gradients: Gradients = new Map();
    const loss = await this.#pass(ids, true, gradients);
    return { loss, gradients };
  }

  /** The terms on held-out text, means over layers, weighted by their factors' shares. */
  async heldOut(): Promise<number> {
    let total = 0;
    for (const { ids } of this.#plan.heldOut) total += await this.#pass(ids, false, new Map());
    return total / this.#plan.heldOut.length;
  }

  /** Whether heads' queries, keys and values are all that a layer must be given. */
  #fromAttention(): boolean {
    const { loss, inputs, adapters, roles = [], weights, teacher } = this.#plan;
    if (
      inputs === "student" ||
      loss.mixed > 0 ||
      loss.stream > 0 ||
      loss.salience > 0 ||
      adapters !== undefined ||
      roles.length > 0
    )
      return false;
    const own = (layer: number, role: LayerRole) => weights.layers[layer]?.[role] === teacher.layers[layer]?.[role];
    return this.#learning.every((layer) => projected.every((role) => own(layer, role)));
  }

  /** The weighted mean of the terms over the learning layers; sets their gradients where they learn. */
  async #pass(ids: Int32Array, learns: boolean, gradients: Gradients): Promise<number> {
    const { loss, inputs } = this.#plan;
    const factors = layerTerms.reduce((sum, name) => sum + loss[name], 0);
    const count = this.#learning.length;
    let total = 0;
    let own: FloatTensor | undefined;
    for await (const { layer, told } of learns ? this.#teacher.learn(ids) : this.#teacher.judge(ids)) {
      const result = this.#fromAttention()
        ? await this.#transfer(layer, told, learns)
        : await this.#block(layer, inputs === "student" && own !== undefined ? { ...told, x: own } : told, learns);
      own = result.y;
      if (learns) gradients.set(layerGroup(layer), result.gradients);
      for (const name of layerTerms) total += ((result.terms[name] ?? 0) * loss[name]) / factors;
    }
    return total / count;
  }

  #factors(): LayerLoss {
    const { loss } = this.#plan;
    const scaled = layerTerms.map((name) => [name, loss[name] / this.#learning.length] as const);
    return Object.fromEntries(scaled) as unknown as LayerLoss;
  }

  async #transfer(layer: number, told: Told, learns: boolean): Promise<Learned> {
    const { architecture, length } = this.#plan;
    const block = blockOf(architecture, layer);
    const { queries, keys, values, attended, hidden } = told as unknown as TeacherAttention;
    const batch = queries.shape[0] ?? 1;
    const trained = learns ? this.learner.trained(layer).map(withoutMixer) : [];
    const attention = { queries, keys, values, attended, ...(hidden && { hidden }) };
    const { terms, gradients } = await transferLayer(this.#engine, layerSizes(block, batch, length), attention, {
      ...this.learner.layer(layer),
      teacher: block.mixer,
      loss: this.#factors(),
      trained,
      angles: layerAngles(this.#angles, architecture, layer),
    });
    const named = Object.entries(gradients).map(([name, tensor]) => [`mixer.${name}`, tensor] as const);
    return { terms, gradients: Object.fromEntries(named) };
  }

  async #block(layer: number, { x, ...told }: Told, learns: boolean): Promise<Learned> {
    const { architecture, adapters, products, length, inputs } = this.#plan;
    const batch = x.shape[0] ?? 1;
    const plan = {
      mixer: this.learner.layer(layer).spec,
      ...(adapters && { adapters }),
      trained: learns ? this.learner.trained(layer) : [],
      products: learns ? products : ("float32" as const),
      loss: this.#factors(),
      stream: inputs === "student",
    };
    const block = blockOf(architecture, layer);
    const key = `layerwise ${batch} ${length} ${JSON.stringify([plan, block])}`;
    const program = await this.#engine.cached(key, () => layerwiseProgram(block, plan, batch, length));
    const angles = layerAngles(this.#angles, architecture, layer);
    const feeds: Record<string, Tensor> = { x, ...angles, ...this.learner.feeds(layer) };
    for (const [name, tensor] of Object.entries(told)) feeds[`teacher.${name}`] = tensor;
    const results = await program.run(feeds);
    const terms: Record<string, number> = {};
    addTerms(terms, results);
    const gradients: Parameters = {};
    for (const name of plan.trained) gradients[name] = results[`gradient.${name}`] as FloatTensor;
    return { terms, gradients, ...(results.y && { y: results.y as FloatTensor }) };
  }
}

/** What queries, keys and values are made by. */
const projected: readonly LayerRole[] = [
  ...(["attentionNorm", "attentionNormBias", "queriesNorm", "queriesNormBias", "keysNorm", "keysNormBias"] as const),
  ...(["queries", "queriesBias", "keys", "keysBias", "values", "valuesBias"] as const),
  ...(["queriesShift", "keysShift", "valuesShift"] as const),
];

const withoutMixer = (name: string) => name.slice("mixer.".length);

/** What a layer learns its attention from; the normed stream only where some mixer reads it. */
function attentionTaps({ architecture, layers }: LayerwisePlan, learning: readonly number[]): BlockTap[] {
  const reads = learning.some((layer) => {
    const spec = layers[layer]?.spec;
    const sizes = layerSizes(blockOf(architecture, layer));
    return spec !== undefined && Object.keys(mixerStreams(spec, sizes)).length > 0;
  });
  return ["queries", "keys", "values", "attended", ...(reads ? (["hidden"] as const) : [])];
}
