/** What a mixer needs before it is built: parameters, state, and the forms that exist. */
import { type Form, forms, type MixerSizes, type StateLayout, valueDimOf } from "./contract.ts";
import { MixerError } from "./errors.ts";
import type { GateWidths } from "./gates/decay.ts";
import type { Parameters } from "./parameter.ts";
import type { Recurrence } from "./recurrence/recurrence.ts";
import { declareMixer, type Mixer, type MixerSpec, type StateBranch } from "./spec.ts";
import { type Retention, retainedName, type Window } from "./windows/index.ts";

/** Shapes of a call's streams by name. */
export type Streams = Readonly<Record<string, readonly number[]>>;

/** The axes of a mixer that learn, as its spec names them; `output` stands for the output's norm and gate. */
export const learningAxes = [
  "convolution",
  "derived",
  "window",
  "local",
  "featureMap",
  "decay",
  "write",
  "skip",
  "mix",
  "output",
] as const;

/** An axis of a mixer that may have learned tensors. */
export type LearningAxis = (typeof learningAxes)[number];

/** A mixer's needs for given sizes. */
export interface MixerPlan {
  readonly parameters: Parameters;
  readonly streams: Streams;
  readonly state: StateLayout;
  /** Per form: undefined where it can be built, else the reason why not. */
  readonly forms: Readonly<Record<Form, string | undefined>>;
}

/** Plans a mixer. Throws a MixerError where the sizes lack something. */
export function planMixer(spec: MixerSpec, given: MixerSizes): MixerPlan {
  const mixer = declareMixer(spec);
  const sizes = ownSizes(mixer, given);
  const reasons = forms.map((form) => [form, unavailable(mixer, form)] as const);
  return {
    parameters: parametersOf(mixer, sizes),
    streams: streamsOf(mixer, sizes),
    state: layoutOf(mixer, sizes),
    forms: Object.fromEntries(reasons) as Record<Form, string | undefined>,
  };
}

/** The sizes of what is mixed: keys that a mixer makes itself may be of another size than those that it is given. */
const ownSizes = ({ derived }: Mixer, sizes: MixerSizes): MixerSizes =>
  derived === undefined ? sizes : { ...sizes, dim: derived.size, valueDim: valueDimOf(sizes) };

/** The learned tensors of a mixer: shapes and how they begin, by name. */
export function mixerParameters(spec: MixerSpec, sizes: MixerSizes): Parameters {
  const mixer = declareMixer(spec);
  return parametersOf(mixer, ownSizes(mixer, sizes));
}

/** A sequence longer than any window. */
const anyLength = 2 ** 30;

/** Whether what a mixer keeps of a sequence grows with it: no token ever leaves its window. */
export function growsWithLength(spec: MixerSpec): boolean {
  const { window } = declareMixer(spec);
  return (
    window !== undefined && window.capacity({ batch: 1, heads: 1, groups: 1, length: anyLength, dim: 1 }) >= anyLength
  );
}

/** The axis that each of a mixer's parameters belongs to, by the parameter's name. */
export function parameterAxes(spec: MixerSpec, sizes: MixerSizes): Readonly<Record<string, LearningAxis>> {
  const mixer = declareMixer(spec);
  const byAxis = parametersByAxis(mixer, ownSizes(mixer, sizes));
  const entries = learningAxes.flatMap((axis) => Object.keys(byAxis[axis] ?? {}).map((name) => [name, axis] as const));
  return Object.fromEntries(entries);
}

/** What a mixer reads beside queries, keys and values: shapes by name. */
export function mixerStreams(spec: MixerSpec, sizes: MixerSizes): Streams {
  const mixer = declareMixer(spec);
  return streamsOf(mixer, ownSizes(mixer, sizes));
}

/** Whether every head is mixed by itself, whatever its place: then groups of heads may be computed apart. */
export function headsAreAlike(spec: MixerSpec): boolean {
  const { state, output } = declareMixer(spec);
  return !state?.decay.byPlace && output.length === 0;
}

/** Whether a query's weights of all values sum to one: then what it reads is a mean. */
export function rowsAreWeights(spec: MixerSpec): boolean {
  const { normalize, state, output } = declareMixer(spec);
  return (state === undefined || normalize.sumsWeights) && output.length === 0;
}

/** The tensors a mixer carries from call to call, by name; all zeros before the first token. */
export function stateLayout(spec: MixerSpec, sizes: MixerSizes): StateLayout {
  const mixer = declareMixer(spec);
  return layoutOf(mixer, ownSizes(mixer, sizes));
}

/** The sizes of what is written to the state: as many heads as there are states. */
export function writtenSizes({ per }: Pick<StateBranch, "per">, sizes: MixerSizes): MixerSizes {
  return per === "group" ? { ...sizes, heads: sizes.groups } : sizes;
}

/** The numbers per token and head of a state's gates: its features, and its columns. */
export function widthsOf({ state, normalize }: Mixer, sizes: MixerSizes): GateWidths {
  const features = state?.featureMap.features(sizes) ?? 1;
  return { features, values: valueDimOf(sizes) + Number(normalize.sumsWeights) };
}

function parametersOf(mixer: Mixer, sizes: MixerSizes): Parameters {
  const byAxis = parametersByAxis(mixer, sizes);
  return Object.assign({}, ...learningAxes.map((axis) => byAxis[axis]));
}

function parametersByAxis(mixer: Mixer, sizes: MixerSizes): Readonly<Partial<Record<LearningAxis, Parameters>>> {
  const { window, state, mix, convolution, derived, local, output } = mixer;
  const widths = widthsOf(mixer, sizes);
  const written = state && writtenSizes(state, sizes);
  const branch = state &&
    written && {
      featureMap: state.featureMap.parameters(sizes),
      decay: state.decay.parameters(written, state.write.widths(widths)),
      write: state.write.parameters(written, widths),
      skip: state.skip?.parameters(sizes, widths.features) ?? {},
    };
  const around = {
    convolution: convolution?.parameters(sizes) ?? {},
    derived: derived?.parameters(sizes) ?? {},
    window: window?.parameters(sizes) ?? {},
    local: local?.parameters(sizes) ?? {},
    mix: mix?.parameters(sizes) ?? {},
    output: Object.assign({}, ...output.map((stage) => stage.parameters(sizes))),
  };
  return { ...around, ...branch };
}

function streamsOf(mixer: Mixer, sizes: MixerSizes): Streams {
  const { window, state, output } = mixer;
  const widths = widthsOf(mixer, sizes);
  const written = state && writtenSizes(state, sizes);
  const branch = state &&
    written && {
      ...state.decay.streams(written, state.write.widths(widths)),
      ...state.write.streams(written, widths),
    };
  return Object.assign({}, window?.streams(sizes), branch, ...output.map((stage) => stage.streams(sizes)));
}

function layoutOf(mixer: Mixer, sizes: MixerSizes): StateLayout {
  const { window, state, convolution, local, spec } = mixer;
  if (!spec.causal) return {};
  const { batch, heads, groups, dim } = sizes;
  const float = (shape: readonly number[]) => ({ dtype: "float32", shape }) as const;
  const cache = window && {
    ...window.store.layout("keys", [batch, groups, window.capacity(sizes), dim]),
    ...window.store.layout("values", [batch, groups, window.capacity(sizes), valueDimOf(sizes)]),
    ...(window.first > 0 && {
      firstKeys: float([batch, groups, window.first, dim]),
      firstValues: float([batch, groups, window.first, valueDimOf(sizes)]),
    }),
    ...(window.retains && retainedLayout(window, window.retains, sizes)),
    ...(window.fading && { keyDecays: float([batch, heads, window.capacity(sizes), 1]) }),
  };
  const { features, values: columns } = widthsOf(mixer, sizes);
  const recurrence = state && recurrenceOf(state);
  const states = state === undefined ? heads : writtenSizes(state, sizes).heads;
  const shapes = recurrence?.layout({ batch, heads: states, features, columns, length: sizes.length }) ?? {};
  const recurrent = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, float(shape)]));
  const seen = { seen: { dtype: "int64", shape: [batch] } } as const;
  return Object.assign({}, recurrent, cache, convolution?.state(sizes), local?.state(sizes), seen);
}

/** What a window keeps of the tokens that left it, and what all its tokens are worth. */
function retainedLayout(window: Window, { tokens }: Retention, sizes: MixerSizes): StateLayout {
  const { batch, groups, dim } = sizes;
  const float = (count: number) => ({ dtype: "float32", shape: [batch, groups, count, 1] }) as const;
  return {
    ...window.store.layout(retainedName("keys"), [batch, groups, tokens, dim]),
    ...window.store.layout(retainedName("values"), [batch, groups, tokens, valueDimOf(sizes)]),
    [retainedName("salience")]: float(tokens),
    salience: float(window.capacity(sizes)),
  };
}

/** Forms that read tokens in their order. */
const ordered: ReadonlySet<Form> = new Set(["step", "fused"]);

function unavailable({ window, state, spec }: Mixer, form: Form): string | undefined {
  if (!spec.causal && ordered.has(form)) return "a mixer that reads both ways needs the whole sequence";
  const recurrence = state?.write.recurrence(state.decay, state.read.order);
  if (typeof recurrence === "string") return recurrence;
  const lacking = recurrence?.lacks?.[form] ?? window?.lacks?.[form];
  const waits = state !== undefined && (state.read.delay(window)?.tokens ?? 1) > 0;
  if (waits && recurrence?.masked === undefined)
    return "only a state that never forgets waits for tokens to leave a window";
  if (form === "fused" && state === undefined && (window?.operator === undefined || spec.cap !== undefined))
    return lacking ?? "the engine has no operator for this window";
  if (form === "fused" && recurrence !== undefined && recurrence.fused === undefined)
    return lacking ?? "the engine has no operator for this state";
  return lacking;
}

/** Throws a MixerError saying why the mixer has no such form, where it has none. */
export function requireForm(mixer: Mixer, form: Form): void {
  const reason = unavailable(mixer, form);
  if (reason !== undefined) throw new MixerError(`the mixer has no ${form} form: ${reason}`);
}

/** The recurrence of a mixer's state. Throws a MixerError with the reason where there is none. */
export function recurrenceOf({ write, decay, read }: NonNullable<Mixer["state"]>): Recurrence {
  const recurrence = write.recurrence(decay, read.order);
  if (typeof recurrence === "string") throw new MixerError(recurrence);
  return recurrence;
}
