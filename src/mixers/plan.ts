/** What a mixer needs before it is built: parameters, state, and the forms that exist. */
import type { Form, MixerSizes, StateLayout } from "./contract.ts";
import { MixerError } from "./errors.ts";
import type { Parameters } from "./parameter.ts";
import type { Recurrence } from "./recurrence/recurrence.ts";
import { declareMixer, type Mixer, type MixerSpec } from "./spec.ts";

/** A mixer's needs for given sizes. */
export interface MixerPlan {
  readonly parameters: Parameters;
  readonly state: StateLayout;
  /** Per form: undefined where it can be built, else the reason why not. */
  readonly forms: Readonly<Record<Form, string | undefined>>;
}

/** Plans a mixer. Throws a MixerError where the sizes lack something. */
export function planMixer(spec: MixerSpec, sizes: MixerSizes): MixerPlan {
  const mixer = declareMixer(spec);
  const [parallel, chunked, step, fused] = (["parallel", "chunked", "step", "fused"] as const).map((form) =>
    unavailable(mixer, form),
  );
  return {
    parameters: parametersOf(mixer, sizes),
    state: layoutOf(mixer, sizes),
    forms: { parallel, chunked, step, fused },
  };
}

/** The learned tensors of a mixer: shapes and how they begin, by name. */
export function mixerParameters(spec: MixerSpec, sizes: MixerSizes): Parameters {
  return parametersOf(declareMixer(spec), sizes);
}

/** The tensors a mixer carries from call to call, by name; all zeros before the first token. */
export function stateLayout(spec: MixerSpec, sizes: MixerSizes): StateLayout {
  return layoutOf(declareMixer(spec), sizes);
}

function parametersOf({ state, mix, stages }: Mixer, sizes: MixerSizes): Parameters {
  const branch = state && {
    ...state.featureMap.parameters(sizes),
    ...state.decay.parameters(sizes, state.featureMap.features(sizes)),
    ...state.write.parameters(sizes),
  };
  const parts = [branch, mix?.parameters(sizes), ...stages.map((stage) => stage.parameters(sizes))];
  return Object.assign({}, ...parts);
}

function layoutOf({ window, state, normalize, stages }: Mixer, sizes: MixerSizes): StateLayout {
  const { batch, heads, groups, dim } = sizes;
  const cache = window && {
    keys: { dtype: "float32", shape: [batch, groups, window.capacity(sizes), dim] },
    values: { dtype: "float32", shape: [batch, groups, window.capacity(sizes), dim] },
  };
  const recurrent = state && {
    recurrent: {
      dtype: "float32",
      shape: [batch, heads, state.featureMap.features(sizes), dim + Number(normalize.sumsWeights)],
    },
  };
  const carried = stages.map((stage) => stage.state(sizes));
  return Object.assign({}, recurrent, cache, { seen: { dtype: "int64", shape: [batch] } }, ...carried);
}

function unavailable({ spec, window, state, stages }: Mixer, form: Form): string | undefined {
  const recurrence = state?.write.recurrence(state.decay);
  if (typeof recurrence === "string") return recurrence;
  const lacking = stages.find((stage) => stage.unavailable !== undefined)?.unavailable ?? window?.lacks?.[form];
  return lacking ?? (spec.rope === "before" ? undefined : "blocks without rotary positions are not built yet");
}

/** Throws a MixerError saying why the mixer has no such form, where it has none. */
export function requireForm(mixer: Mixer, form: Form): void {
  const reason = unavailable(mixer, form);
  if (reason !== undefined) throw new MixerError(`the mixer has no ${form} form: ${reason}`);
}

/** The recurrence of a mixer's state. Throws a MixerError with the reason where there is none. */
export function recurrenceOf({ write, decay }: NonNullable<Mixer["state"]>): Recurrence {
  const recurrence = write.recurrence(decay);
  if (typeof recurrence === "string") throw new MixerError(recurrence);
  return recurrence;
}
