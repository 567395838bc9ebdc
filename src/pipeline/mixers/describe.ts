/** Presets described: what there is, and one of them in full. */
import { bytesOf } from "../../graph/index.ts";
import {
  catalogueByName,
  forms,
  type Initializer,
  MixerError,
  type MixerSizes,
  type MixerSpec,
  type Oracle,
  type Preset,
  parseMixer,
  planMixer,
} from "../../mixers/index.ts";
import { nearestNames } from "../../recipes/index.ts";
import type { MixerSizeOptions, MixersListDocument, MixersShowDocument, ShowMixerOptions, Verb } from "../contract.ts";
import { axesOf, withoutDefaults } from "./spec-text.ts";
import { stateSize } from "./state-size.ts";
import { goldenTolerance } from "./tolerance.ts";

/** The names of all presets. */
export const catalogueNames = (): string[] => [...catalogueByName.keys()];

/** The preset of the given name, with its mixer. Throws a MixerError that says which names are near. */
export function presetOf(name: string): { readonly preset: Preset; readonly spec: MixerSpec } {
  const preset = catalogueByName.get(name);
  if (preset !== undefined) return { preset, spec: parseMixer(preset.spec, name) };
  const near = nearestNames(name, catalogueNames());
  const advice = near.length === 0 ? "`subquad mixers list` shows all" : `did you mean ${near.join(", ")}?`;
  throw new MixerError(`no mixer is called ${name}; ${advice}`);
}

/** Every preset: its forms, its state and whether it is compared with published code. */
export const listMixers: Verb<MixerSizeOptions, MixersListDocument> = async ({ heads, dim, hidden }) => {
  const sizes = { batch: 1, heads, groups: heads, length: 1024, dim, hidden: hidden ?? heads * dim };
  const mixers = [...catalogueByName.values()].map(({ name, title, paper, oracles = [] }) => {
    const { spec } = presetOf(name);
    const plan = planMixer(spec, sizes);
    const { bytes, perToken } = stateSize(spec, sizes);
    return {
      name,
      title,
      paper,
      forms: forms.filter((form) => plan.forms[form] === undefined),
      state_bytes: bytes,
      state_bytes_per_token: perToken,
      goldens: oracles.length > 0,
    };
  });
  return { heads, dim, mixers };
};

/** One preset in full. Rejects with a MixerError where no preset has the name, or the sizes do not suit it. */
export const showMixer: Verb<ShowMixerOptions, MixersShowDocument> = async (options) => {
  const { name, heads, dim, length, groups = heads, hidden = heads * dim } = options;
  const { preset, spec } = presetOf(name);
  if (heads % groups !== 0) throw new MixerError(`${groups} key heads do not divide ${heads} heads`);
  const sizes: MixerSizes = { batch: 1, heads, groups, length, dim, hidden };
  const { forms: missing, parameters, streams, state } = planMixer(spec, sizes);
  const { bytes, perToken } = stateSize(spec, sizes);
  const written = withoutDefaults(preset.spec);
  return {
    name,
    title: preset.title,
    paper: preset.paper,
    equation: preset.equation,
    ...{ heads, groups, dim, hidden, length },
    spec: { ...written },
    axes: axesOf(written),
    forms: forms.map((form) => ({ form, available: missing[form] === undefined, reason: missing[form] ?? null })),
    parameters: Object.entries(parameters).map(([key, { shape, initial }]) => ({
      name: key,
      shape: [...shape],
      initial: initialText(initial),
    })),
    streams: Object.entries(streams).map(([key, shape]) => ({ name: key, shape: [...shape] })),
    state: Object.entries(state).map(([key, type]) => ({
      name: key,
      dtype: type.dtype,
      shape: [...type.shape],
      bytes: bytesOf(type),
    })),
    state_bytes: bytes,
    state_bytes_per_token: perToken,
    oracles: (preset.oracles ?? []).map(oracleText),
  };
};

function oracleText({ function: name, part, when, looser }: Oracle): MixersShowDocument["oracles"][number] {
  return {
    function: name,
    part: part ?? null,
    when: { ...when },
    float32: looser?.float32 ?? goldenTolerance.float32,
    because: looser?.because ?? null,
  };
}

/** How a parameter begins, in words: its kind, and the numbers that go with it. */
function initialText(initial: Initializer): string {
  const { kind, ...numbers } = initial;
  return [kind, ...Object.entries(numbers).map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`)].join(
    ", ",
  );
}
