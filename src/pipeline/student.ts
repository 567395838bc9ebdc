/** The student between stages: what training has changed so far, and its checkpoint. */
import { existsSync } from "node:fs";
import { z } from "zod";
import { FormatError, SubquadError } from "../errors.ts";
import {
  type Architecture,
  type Block,
  beginRoles,
  blockOf,
  endRoles,
  layerSizes,
  type ModelRole,
} from "../families/index.ts";
import { openSafetensors } from "../formats/safetensors/reader.ts";
import { type TensorToWrite, writeSafetensors } from "../formats/safetensors/writer.ts";
import { sameShape } from "../graph/index.ts";
import { isReplaced, type LayerMixer, type Model, type Shaped } from "../inference/model.ts";
import { growsWithLength, initialValues, type MixerSpec, mixerParameters, parseMixer } from "../mixers/index.ts";
import { type LayerWeights, type ModelWeights, type Weight, wholeEnds } from "../model/weights.ts";
import type { LayerChoice, Recipe } from "../recipes/index.ts";
import { uniform } from "../training/data-order.ts";
import { stageSchema } from "./contract.ts";
import { mixerTensorName } from "./layer-plan.ts";
import { variantMixer } from "./recipes.ts";

/** Converts a teacher: every layer that is replaced gets the recipe's mixer, with its first parameters. */
export function convert<Teacher extends Shaped>(
  teacher: Teacher,
  { mixer: spec, layers, variants, seed }: Pick<Recipe<MixerSpec>, "mixer" | "layers" | "variants" | "seed">,
): Teacher {
  const kept = keptLayers(layers, teacher.architecture);
  const changed = new Map(
    variants.flatMap((variant, index) => {
      const own = variantMixer(variant, index, spec);
      return checkedLayers(variant.layers, teacher.architecture, `variants.${index}`).map((layer) => [layer, own]);
    }),
  );
  const random = uniform(seed);
  const mixers = teacher.mixers.map((mixer, layer) =>
    kept.has(layer) ? mixer : newMixer(changed.get(layer) ?? spec, blockOf(teacher.architecture, layer), random),
  );
  return { ...teacher, mixers };
}

/** A layer's mixer with its first parameters; it reads one way or both as the layer's own does. */
function newMixer(recipe: MixerSpec, block: Block, random: () => number): LayerMixer {
  const { causal } = block.mixer;
  const spec = recipe.causal === causal ? recipe : parseMixer({ ...recipe, causal });
  const parameters = mixerParameters(spec, layerSizes(block));
  const initial = Object.entries(parameters).map(([name, parameter]) => {
    const weight: Weight = { dtype: "float32", shape: parameter.shape, data: initialValues(parameter, random) };
    return [name, weight] as const;
  });
  return { spec, parameters: Object.fromEntries(initial) };
}

/**
 * The student with its converted layers' mixers changed, and the parameters that both have; others begin as new. Throws a
 * SubquadError for a parameter of another shape.
 */
export function withMixers(student: Model, change: (spec: MixerSpec) => MixerSpec, seed: number): Model {
  const random = uniform(seed);
  const mixers = student.mixers.map((mixer, layer) => {
    if (!isReplaced(student, layer)) return mixer;
    const fresh = newMixer(change(mixer.spec), blockOf(student.architecture, layer), random);
    return { ...fresh, parameters: { ...fresh.parameters, ...shared(mixer.parameters, fresh.parameters) } };
  });
  return { ...student, mixers };
}

/** The parameters of one mixer that another has too. */
export function shared(from: LayerMixer["parameters"], to: LayerMixer["parameters"]): LayerMixer["parameters"] {
  const both = Object.entries(from).filter(([name]) => to[name] !== undefined);
  const other = both.find(([name, { shape }]) => !sameShape(shape, to[name]?.shape ?? []));
  if (other !== undefined)
    throw new SubquadError(
      `the parameter ${other[0]} has another shape in this stage's mixer: change what keeps its size`,
    );
  return Object.fromEntries(both);
}

/**
 * Layers of a model that a recipe leaves as they are: those it names, and those whose memory is constant already. Throws a
 * SubquadError for one that the model does not have.
 */
function keptLayers(choice: LayerChoice, architecture: Architecture): ReadonlySet<number> {
  if (choice === "including_local") return new Set();
  const local = architecture.blocks.flatMap(({ mixer }, layer) => (growsWithLength(mixer) ? [] : [layer]));
  if (choice === "all") return new Set(local);
  if ("softmax_every" in choice) {
    const every = choice.softmax_every;
    const count = Math.floor(architecture.blocks.length / every);
    return new Set([...local, ...Array.from({ length: count }, (_unused, index) => (index + 1) * every - 1)]);
  }
  return new Set([...local, ...checkedLayers(choice.softmax, architecture, "layers.softmax")]);
}

/** Layers that a model has. Throws a SubquadError that names another, and where it stands. */
function checkedLayers(named: readonly number[], { blocks }: Architecture, where: string): readonly number[] {
  const beyond = named.find((layer) => layer >= blocks.length);
  if (beyond === undefined) return named;
  throw new SubquadError(`${where}: names layer ${beyond}, and the model has layers 0 to ${blocks.length - 1}`);
}

const recordSchema = z.object({ fingerprint: z.string(), stages: z.array(stageSchema) });

/** Stages that have ended, and what a run must match to go on. */
export type StudentRecord = z.infer<typeof recordSchema>;

const ends: readonly ModelRole[] = [...beginRoles, ...endRoles];

const endName = (role: ModelRole) => `weights.${role}`;
const weightName = (layer: number, role: string) => `weights.${layer}.${role}`;

/** Writes what stages have changed: all mixers' parameters, and the weights that are not the teacher's. */
export async function writeStudent(path: string, student: Model, teacher: Model, record: StudentRecord): Promise<void> {
  const tensors: TensorToWrite[] = [];
  const keep = (name: string, { shape, data }: Weight) => tensors.push({ name, dtype: "F32", shape, data: () => data });
  student.mixers.forEach(({ parameters }, layer) => {
    for (const [name, weight] of Object.entries(parameters)) keep(mixerTensorName(layer, name), weight);
  });
  for (const role of ends) {
    // A tied head is the embedding itself.
    const own = role === "head" && student.architecture.tiedHead ? undefined : student.weights[role];
    if (own !== undefined && own !== teacher.weights[role]) keep(endName(role), own);
  }
  student.weights.layers.forEach((weights, layer) => {
    for (const [role, weight] of Object.entries(weights)) {
      if (weight !== teacher.weights.layers[layer]?.[role as keyof LayerWeights]) keep(weightName(layer, role), weight);
    }
  });
  await writeSafetensors(path, tensors, { metadata: { record: JSON.stringify(record) } });
}

/** Reads what `writeStudent` wrote into a freshly converted student; undefined where there is nothing. */
export function readStudent(path: string, student: Model): { student: Model; record: StudentRecord } | undefined {
  if (!existsSync(path)) return undefined;
  const source = openSafetensors(path);
  try {
    const text = source.metadata.get("record");
    const record = recordSchema.safeParse(JSON.parse(typeof text === "string" ? text : "null"));
    if (!record.success) throw new FormatError(path, "is no record of a conversion; remove it to begin again");
    const read = (name: string, weight: Weight): Weight =>
      source.has(name) ? { ...weight, data: source.readFloat32(name) } : weight;
    const mixers = student.mixers.map(({ spec, parameters }, layer) => {
      const reread = Object.entries(parameters).map(([name, weight]) => [
        name,
        read(mixerTensorName(layer, name), weight),
      ]);
      return { spec, parameters: Object.fromEntries(reread) };
    });
    const layers = student.weights.layers.map((weights, layer) => {
      const reread = Object.entries(weights).map(([role, weight]) => [role, read(weightName(layer, role), weight)]);
      return Object.fromEntries(reread) as LayerWeights;
    });
    const own = ends.flatMap((role) => {
      const weight = student.weights[role];
      const tied = role === "head" && student.architecture.tiedHead;
      return weight === undefined || tied ? [] : [[role, read(endName(role), weight)] as const];
    });
    const weights: ModelWeights = { ...wholeEnds<Weight>(Object.fromEntries(own)), layers };
    return { student: { ...student, mixers, weights }, record: record.data };
  } finally {
    source.close();
  }
}
