/** Golden files: what a published reference implementation computed, and the preset that answers to it. */
import { openSafetensors } from "../../formats/safetensors/reader.ts";
import { readFloat64, type TensorSource } from "../../formats/tensor.ts";
import {
  catalogueByName,
  MixerError,
  type MixerSpec,
  type Oracle,
  type Preset,
  parseMixer,
} from "../../mixers/index.ts";
import { requireModest, requireModestArguments } from "./golden-limits.ts";
import { lettersOf, parseName } from "./tensor-name.ts";

/** An open golden file. */
export interface GoldenFile {
  readonly path: string;
  readonly source: TensorSource;
  /** The reference implementation, as the file names it. */
  readonly oracle: string;
  /** Axes of the output. */
  readonly layout: string;
  /** Axes of the inputs, by name. */
  readonly axes: Readonly<Record<string, string>>;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** The preset that answers to a file, with its mixer as the file's arguments make it. */
export interface Answer {
  readonly preset: Preset;
  readonly oracle: Oracle;
  readonly spec: MixerSpec;
}

/**
 * Opens a golden file. Throws a MixerError naming the metadata it lacks, tensors that do not fit it, or sizes beyond the
 * ceilings.
 */
export function openGolden(path: string): GoldenFile {
  const source = openSafetensors(path);
  try {
    const file = described(path, source);
    requireModest(file);
    requireModestArguments(path, file.arguments);
    return file;
  } catch (error) {
    source.close();
    throw error;
  }
}

function described(path: string, source: TensorSource): GoldenFile {
  const text = (key: string): string => {
    const value = source.metadata.get(key);
    if (typeof value === "string") return value;
    throw new MixerError(`${path}: not a golden file of a mixer: its metadata lacks "${key}"`);
  };
  const shapes = text("shapes")
    .split(";")
    .map((entry) => entry.trim().split("="));
  return {
    path,
    source,
    oracle: text("oracle"),
    layout: lettersOf(text("layout")),
    axes: Object.fromEntries(shapes.map(([name = "", axes = ""]) => [name, lettersOf(axes)])),
    arguments: parsed(path, text("arguments")),
  };
}

function parsed(path: string, json: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(json);
    if (isObject(value)) return value;
  } catch {
    // Falls through to the one message for all that is no object.
  }
  throw new MixerError(`${path}: the metadata's "arguments" are not a JSON object`);
}

/** The preset that answers to the file; undefined where the catalogue has none. */
export function answerTo(file: GoldenFile): Answer | undefined {
  const inputs = Object.keys(file.axes).toSorted().join();
  for (const preset of catalogueByName.values()) {
    for (const oracle of preset.oracles ?? []) {
      if (!file.oracle.endsWith(oracle.function)) continue;
      // What a reference chose by itself, such as blocks, has no axes in the metadata: the preset states them.
      const names = namesOf(oracle);
      const described = names.filter((name) => name in file.axes).join();
      if (described !== inputs || !names.every((name) => file.source.has(name))) continue;
      if (!matches(oracle.when, file.arguments)) continue;
      const written = merge(merge(preset.spec, oracle.spec ?? {}), fromArguments(oracle, file.arguments));
      return { preset, oracle, spec: parseMixer(written, preset.name) };
    }
  }
  return undefined;
}

/** The file tensors an oracle reads, in order. */
export function namesOf({ tensors, unused = [] }: Oracle): readonly string[] {
  const names = Object.values(tensors)
    .flat()
    .map((text) => parseName(text).name);
  return [...new Set([...names, ...unused])].toSorted();
}

function matches(when: Oracle["when"], given: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(when ?? {}).every(([name, value]) => given[name] === value);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** `patch` merged into `base`; null removes, and an object of another `kind` replaces. */
function merge(base: unknown, patch: unknown): unknown {
  if (!isObject(base) || !isObject(patch)) return patch;
  const merged: Record<string, unknown> = patch.kind !== undefined && patch.kind !== base.kind ? {} : { ...base };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = isObject(value) ? merge(merged[key] ?? {}, value) : value;
  }
  return merged;
}

/** The part of a spec that a file's arguments set. */
function fromArguments({ arguments: fields = {} }: Oracle, given: Readonly<Record<string, unknown>>): object {
  const spec = {};
  for (const [path, field] of Object.entries(fields)) {
    const value =
      typeof field === "string" ? given[field] : new Map(Object.entries(field.values)).get(String(given[field.of]));
    const keys = path.split(".");
    let target: Record<string, unknown> = spec;
    for (const key of keys.slice(0, -1)) {
      target[key] ??= {};
      target = target[key] as Record<string, unknown>;
    }
    target[keys.at(-1) ?? path] = value;
  }
  return spec;
}

/** A tensor of the file as numbers. */
export function numbersOf({ source }: GoldenFile, name: string): Float64Array {
  return readFloat64(source, name);
}
