/** Inputs of a preset's programs: named by what they are, and random numbers of a kind that models feed. */
import { input, type Program, type Shape, type Value } from "../../graph/index.ts";
import { uniform } from "../../inference/random.ts";
import {
  anglesOf,
  initialValues,
  type MixerInputs,
  type MixerSizes,
  type MixerSpec,
  mixerParameters,
  mixerStreams,
  stateLayout,
} from "../../mixers/index.ts";
import { floats, indices, type Tensor } from "../../runtime/index.ts";

/** A mixer's inputs, and those of them that a loss can be differentiated for, by name. */
export interface MixerVariables {
  readonly inputs: MixerInputs;
  readonly floats: Readonly<Record<string, Value>>;
}

/**
 * Named inputs for tokens, streams, angles and parameters. With `capacity`, also for the state of a sequence that may
 * have so many tokens.
 */
export function mixerVariables(spec: MixerSpec, sizes: MixerSizes, capacity?: number): MixerVariables {
  const { batch, heads, groups, length, dim, valueDim = dim } = sizes;
  const floats: Record<string, Value> = {};
  const float = (name: string, shape: Shape): Value => {
    const value = input(name, shape);
    floats[name] = value;
    return value;
  };
  const named = (shapes: Readonly<Record<string, Shape>>, prefix = "") =>
    Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, float(`${prefix}${name}`, shape)]));
  const parameters = Object.entries(mixerParameters(spec, sizes)).map(([name, { shape }]) => [name, shape] as const);
  const turns = spec.rope !== "before" && spec.rope !== "none";
  const angle = (name: string) => input(name, [length, dim / 2]);
  const inputs: MixerInputs = {
    queries: float("queries", [batch, heads, length, dim]),
    keys: float("keys", [batch, groups, length, dim]),
    values: float("values", [batch, groups, length, valueDim]),
    streams: named(mixerStreams(spec, sizes), "stream."),
    parameters: named(Object.fromEntries(parameters)),
    ...(turns && { angles: anglesOf(angle) }),
  };
  if (capacity === undefined) return { inputs, floats };
  const layout = Object.entries(stateLayout(spec, { ...sizes, length: capacity }));
  const state = layout.map(([name, { dtype, shape }]) => [name, input(`state.${name}`, shape, dtype)] as const);
  return { inputs: { ...inputs, state: Object.fromEntries(state) }, floats };
}

/** What random feeds are made of. */
export interface FeedSettings {
  readonly spec: MixerSpec;
  readonly sizes: MixerSizes;
  readonly seed: number;
  /** Tokens that a state has seen. */
  readonly seen?: number;
}

/** A tensor for every input of a program: parameters as they begin, angles of the first positions, all else random. */
export function randomFeeds(
  { inputs }: Program,
  { spec, sizes, seed, seen = 0 }: FeedSettings,
): Readonly<Record<string, Tensor>> {
  const random = uniform(seed);
  const parameters = mixerParameters(spec, sizes);
  const tensor = (name: string, shape: Shape, dtype: Tensor["dtype"]): Tensor => {
    if (dtype !== "float32") return indices(shape, new Array<number>(shape.reduce((a, b) => a * b, 1)).fill(seen));
    const parameter = parameters[name];
    if (parameter !== undefined) return floats(shape, initialValues(parameter, random));
    const made = floats(shape);
    const draw = drawerOf(name, shape, random);
    for (let index = 0; index < made.data.length; index++) made.data[index] = draw(index);
    return made;
  };
  return Object.fromEntries([...inputs].map(([name, { shape, dtype }]) => [name, tensor(name, shape, dtype)]));
}

/** The numbers of an input by place: of variance 1, but for angles, given decays (at most 0) and states (above 0). */
function drawerOf(name: string, shape: Shape, random: () => number): (index: number) => number {
  const half = shape.at(-1) ?? 1;
  const angle = (index: number) => Math.floor(index / half) * 10_000 ** (-(index % half) / half);
  // Uniform numbers of variance 1: as good as normal ones for timing, and quicker to draw.
  const symmetric = () => Math.sqrt(12) * (random() - 0.5);
  if (name === "cos" || name === "cappedCos") return (index) => Math.cos(angle(index));
  if (name === "sin" || name === "cappedSin") return (index) => Math.sin(angle(index));
  if (name === "stream.decay") return () => -0.1 * random();
  return name.startsWith("state.") ? random : symmetric;
}
