/** The `subquad` object of a linearized model's `config.json`: what mixes the tokens of each layer. */
import { z } from "zod";
import { FormatError } from "../errors.ts";
import { type Architecture, type Block, blockOf, type Family, layerSizes } from "../families/index.ts";
import type { ModelConfig } from "../formats/config.ts";
import type { TensorSource } from "../formats/tensor.ts";
import { formatShape, sameShape } from "../graph/index.ts";
import type { LayerMixer, Shaped } from "../inference/model.ts";
import { type MixerSpec, mixerParameters, mixerSpec, sameMixer } from "../mixers/index.ts";
import type { Weight } from "../model/weights.ts";
import { mixerName } from "./mixer-names.ts";

/** Where a linearized model comes from. */
const provenanceSchema = z.looseObject({
  teacher: z.string(),
  teacher_fingerprint: z.string(),
  recipe: z.string(),
  seed: z.number().int(),
  texts: z.array(z.object({ name: z.string(), sha256: z.string() })),
  versions: z.record(z.string(), z.string()),
  license: z.string().nullable(),
});

/** Where a linearized model comes from. */
export type Provenance = z.infer<typeof provenanceSchema>;

const planSchema = z.strictObject({
  version: z.literal(1),
  /** The distinct mixers, by name. */
  mixers: z.record(z.string(), mixerSpec),
  /** Each layer's mixer. */
  layers: z.array(z.string()),
  provenance: provenanceSchema.optional(),
  /** The description of a family that is not a known one. */
  family: z.json().optional(),
});

/** A layer plan as `config.json` holds it. */
export type StoredPlan = z.infer<typeof planSchema>;

/** The name of a mixer parameter's tensor. */
export function mixerTensorName(layer: number, parameter: string): string {
  return `subquad.layers.${layer}.${parameter}`;
}

const mixerTensor = /^subquad\.layers\./;

/** A plan, and how to read its parameters. */
export interface ReadablePlan {
  readonly provenance: Provenance | undefined;
  /** Each layer's mixer. */
  readonly layers: readonly MixerSpec[];
  /** The source without the mixers' tensors. */
  withoutMixers(source: TensorSource): TensorSource;
  /** The mixers with their parameters. Throws a FormatError for one that is missing, misshapen or unknown. */
  read(source: TensorSource): LayerMixer[];
}

/** Reads the layer plan of a configuration; without one every layer has its own mixer. */
export function readLayerPlan(path: string, config: ModelConfig, architecture: Architecture): ReadablePlan {
  const { layers, provenance } = specsOf(path, config, architecture);
  return {
    provenance,
    layers,
    withoutMixers: (source) => ({
      ...delegate(source),
      names: () => source.names().filter((name) => !mixerTensor.test(name)),
    }),
    read: (source) => {
      const mixers = layers.map((spec, layer) => ({
        spec,
        parameters: readParameters(source, spec, layer, blockOf(architecture, layer)),
      }));
      const known = new Set(
        mixers.flatMap(({ parameters }, layer) => Object.keys(parameters).map((name) => mixerTensorName(layer, name))),
      );
      const stranger = source.names().find((name) => mixerTensor.test(name) && !known.has(name));
      if (stranger !== undefined) throw new FormatError(source.path, `no layer's mixer uses the tensor "${stranger}"`);
      return mixers;
    },
  };
}

function delegate(source: TensorSource): TensorSource {
  return {
    path: source.path,
    metadata: source.metadata,
    names: () => source.names(),
    has: (name) => source.has(name),
    info: (name) => source.info(name),
    readFloat32: (name) => source.readFloat32(name),
    readRaw: (name) => source.readRaw(name),
    close: () => source.close(),
  };
}

function specsOf(path: string, config: ModelConfig, architecture: Architecture) {
  const count = architecture.blocks.length;
  if (config.subquad === undefined)
    return { layers: architecture.blocks.map(({ mixer }) => mixer), provenance: undefined };
  const parsed = planSchema.safeParse(config.subquad);
  if (!parsed.success)
    throw new FormatError(path, `its subquad layer plan cannot be read:\n${z.prettifyError(parsed.error)}`);
  const { mixers, layers: names, provenance } = parsed.data;
  if (names.length !== count)
    throw new FormatError(path, `its layer plan has ${names.length} layers, the model ${count}`);
  const layers = names.map((name) => {
    const spec = mixers[name];
    if (spec === undefined)
      throw new FormatError(path, `its layer plan names the mixer "${name}" but does not describe it`);
    return spec;
  });
  return { layers, provenance };
}

function readParameters(source: TensorSource, spec: MixerSpec, layer: number, block: Block): Record<string, Weight> {
  const parameters: Record<string, Weight> = {};
  // What a layer's own mixer has learned is among the weights of its block.
  if (sameMixer(spec, block.mixer)) return parameters;
  for (const [name, { shape }] of Object.entries(mixerParameters(spec, layerSizes(block)))) {
    const tensor = mixerTensorName(layer, name);
    if (!source.has(tensor))
      throw new FormatError(source.path, `the tensor "${tensor}" ${formatShape(shape)} is missing`);
    const info = source.info(tensor);
    if (!sameShape(info.shape, shape)) {
      throw new FormatError(
        source.path,
        `the tensor "${tensor}" is ${formatShape(info.shape)}, not ${formatShape(shape)}`,
      );
    }
    parameters[name] = { dtype: "float32", shape, data: source.readFloat32(tensor) };
  }
  return parameters;
}

/** The plan to store for the given mixers: equal specs are written once, named after their preset where they are one. */
export function storedPlan(
  mixers: readonly LayerMixer[],
  nameOf: (layer: number) => string,
  { provenance, family }: { readonly provenance: Provenance; readonly family: Family },
): StoredPlan {
  const named: Record<string, MixerSpec> = {};
  const names = new Map<string, string>();
  const layers = mixers.map(({ spec }, layer) => {
    const key = JSON.stringify(spec);
    const known = names.get(key);
    if (known !== undefined) return known;
    const base = nameOf(layer);
    const name = named[base] === undefined ? base : `${base}-${names.size + 1}`;
    named[name] = spec;
    names.set(key, name);
    return name;
  });
  const described = family.description === undefined ? {} : { family: z.json().parse(family.description) };
  return { version: 1, mixers: named, layers, provenance, ...described };
}

/** Each layer's mixer as people call it: as the stored plan names it, or the given name where it was replaced. */
export function mixerLabels(model: Shaped, config: ModelConfig, otherwise: string): string[] {
  const stored = planSchema.safeParse(config.subquad);
  if (stored.success) return [...stored.data.layers];
  return model.mixers.map((_mixer, layer) => mixerName(model, layer, otherwise));
}

/** What a linearized model's configuration tells of its making. */
export function provenanceOf({ subquad }: ModelConfig): Provenance | undefined {
  return planSchema.safeParse(subquad).data?.provenance;
}
