/** A golden file's computation as a graph of ours: its tensors in, its outputs, states and gradients out. */
import {
  add,
  concat,
  gradient,
  input,
  integers,
  multiply,
  type Program,
  program,
  reshape,
  scalar,
  slice,
  sum,
  type Value,
} from "../../graph/index.ts";
import {
  chunked,
  type Form,
  fused,
  type MixerInputs,
  type MixerResult,
  type MixerSizes,
  type MixerSpec,
  mixerDecay,
  mixerParameters,
  mixerStreams,
  parallel,
  stateLayout,
  step,
} from "../../mixers/index.ts";
import { type Answer, type GoldenFile, namesOf } from "./golden-file.ts";
import { parseName, placesOf, rearrange } from "./tensor-name.ts";

/** What a file's form computes: the output, the final states and the gradients, under the file's names. */
export interface GoldenGraph {
  readonly program: Program;
  /** Output names of the states, in the file. */
  readonly states: readonly string[];
  /** File tensors whose gradients are computed. */
  readonly gradients: readonly string[];
}

/** Steps longer than this are not unrolled for their gradients. */
const differentiatedSteps = 7;

const builds = { parallel, chunked, step, fused } as const;

/** The graph of one form over a file. Throws a MixerError or GraphError where the file does not fit the mixer. */
export function goldenGraph(file: GoldenFile, { oracle, spec }: Answer, form: Form): GoldenGraph {
  const tensors = Object.fromEntries(namesOf(oracle).map((name) => [name, input(name, file.source.info(name).shape)]));
  const value = (text: string): Value => {
    const { name, letters, fileLetters = "", places, apply } = parseName(text);
    const { x, axes } = placesOf(apply(tensors[name] as Value), file.axes[name] ?? fileLetters, places);
    return rearrange(x, axes, letters, headsOf(file));
  };
  const given = Object.fromEntries(
    Object.entries(oracle.tensors).map(([name, texts]) => [name, joined([texts].flat().map(value))]),
  );
  const inputs = inputsOf(spec, given, oracle.states !== undefined || form === "step");
  const results: Record<string, Value> = {};
  if (oracle.part === "decay") results.output = rearrange(mixerDecay(spec, inputs), "BHTK", "BTHK");
  else {
    const length = inputs.queries.shape[2] ?? 1;
    // Blocks end with the sequence, also where it is walked token by token.
    const phase = form === "step" ? { phase: blockPhase(spec, length) } : {};
    const result = form === "step" ? stepped(spec, { ...inputs, ...phase }, length) : builds[form](spec, inputs);
    results.output = published(result.output, file, oracle);
    for (const [name, texts] of Object.entries(oracle.states ?? {})) {
      for (const [of, part] of Object.entries(parts(stateOf(result, name), [texts].flat(), file))) {
        const stacked = results[of];
        results[of] = stacked === undefined ? part : concat([stacked, part], 0);
      }
    }
  }
  const reshaped = shapedAs(results, file);
  const states = Object.keys(reshaped).filter((name) => name !== "output");
  const steps = form === "step" ? (inputs.queries.shape[2] ?? 1) : 0;
  const gradients =
    steps > differentiatedSteps ? [] : Object.keys(tensors).filter((name) => file.source.has(`grad_${name}`));
  return { program: withGradients(reshaped, tensors, gradients), states, gradients };
}

/** How many heads the file's tensors have. */
function headsOf({ axes, source }: GoldenFile): number {
  const [name = "", letters = ""] = Object.entries(axes).find(([, each]) => each.includes("H")) ?? [];
  return letters === "" ? 1 : (source.info(name).shape[letters.indexOf("H")] ?? 1);
}

function blockPhase({ window }: MixerSpec, length: number): number {
  const size = window && "size" in window ? window.size : 1;
  return (size - (length % size)) % size;
}

/** Results in the shapes of the file's own tensors, which may have lost axes of one element. */
function shapedAs(results: Readonly<Record<string, Value>>, file: GoldenFile): Record<string, Value> {
  const entries = Object.entries(results).filter(([name]) => file.source.has(name));
  return Object.fromEntries(entries);
}

const joined = (values: readonly Value[]): Value => concat(values, -1);

function stateOf({ state }: MixerResult, name: string): Value {
  const value = state?.[name];
  if (value === undefined) throw new TypeError(`the mixer leaves no state "${name}"`);
  return value;
}

/** A state taken apart along its last axis, each part in the file's order of axes. */
function parts(state: Value, texts: readonly string[], file: GoldenFile): Record<string, Value> {
  const result: Record<string, Value> = {};
  let start = 0;
  for (const text of texts) {
    const { name, letters, fileLetters, index } = parseName(text);
    const stored = file.source.info(name).shape;
    // Stacked tensors are listed in their order.
    const shape = index === undefined ? stored : stored.slice(1);
    const own = fileLetters ?? ownAxes(letters, shape.length);
    const last = own.indexOf(letters.at(-1) ?? "");
    const width = texts.length === 1 ? (state.shape.at(-1) ?? 1) : last === -1 ? 1 : (shape[last] ?? 1);
    const part = rearrange(slice(state, -1, start, start + width), letters, own);
    result[name] = index === undefined ? part : reshape(part, [1, ...part.shape]);
    start += width;
  }
  return result;
}

/** Our letters without the axes of one element that the file's tensor does not have. */
const ownAxes = (letters: string, rank: number) => (letters.length > rank ? letters.replaceAll(/[IJ]/g, "") : letters);

/** The output in the file's order of axes: the layout's, where D stands for our last one. */
function published(output: Value, file: GoldenFile, oracle: Answer["oracle"]): Value {
  const [text = ""] = [oracle.tensors.values ?? ""].flat();
  const letters = parseName(text).letters;
  const last = letters.at(-1) ?? "";
  const axes = oracle.output ?? (letters.includes("D") ? file.layout : file.layout.replace("D", last));
  return rearrange(output, letters, axes);
}

/** The mixer's inputs: what the file gives, ones and zeros for what it leaves out. */
function inputsOf(spec: MixerSpec, given: Readonly<Record<string, Value>>, stateful: boolean): MixerInputs {
  const anyStream = Object.entries(given).find(([name]) => name.startsWith("stream."))?.[1];
  const values = given.values ?? (anyStream && scalar(1, [...anyStream.shape.slice(0, 3), 1]));
  if (values === undefined) throw new TypeError("an oracle names values or a stream");
  const [batch = 1, , length = 1] = values.shape;
  const one = () => scalar(1, [...values.shape.slice(0, 3), 1]);
  const queries = given.queries ?? one();
  const keys = given.keys ?? scalar(1, queries.shape);
  const heads = Math.max(...[queries, keys, values].map(({ shape }) => shape[1] ?? 1));
  const repeated = (x: Value) => repeat(x, heads);
  const tokens = { queries: repeated(queries), keys: repeated(keys), values: repeated(values) };
  const sizes: MixerSizes = {
    batch,
    heads,
    groups: heads,
    length,
    dim: queries.shape[3] ?? 1,
    valueDim: values.shape[3] ?? 1,
    hidden: 1,
  };
  const named = (names: readonly string[], prefix = "") =>
    Object.fromEntries(names.flatMap((name) => (given[prefix + name] ? [[name, given[prefix + name] as Value]] : [])));
  const streams = named(Object.keys(mixerStreams(spec, sizes)), "stream.");
  const parameters = named(Object.keys(mixerParameters(spec, sizes)));
  const begun = Object.keys(given).some((name) => name.startsWith("state."));
  const inputs = { ...tokens, streams, parameters };
  if (!stateful && !begun) return inputs;
  const layout = Object.entries(stateLayout(spec, { ...sizes, length: length + 1 }));
  const state = layout.map(([name, { dtype, shape }]): [string, Value] => {
    const empty = dtype === "int64" ? integers(new Array<number>(batch).fill(0)) : scalar(0, shape);
    return [name, given[`state.${name}`] ?? empty];
  });
  return { ...inputs, state: Object.fromEntries(state) };
}

/** Heads `[batch, groups, …]` each repeated to `[batch, heads, …]`. */
function repeat(x: Value, heads: number): Value {
  const groups = x.shape[1] ?? 1;
  if (groups === heads) return x;
  const each = Array.from({ length: heads }, (_unused, head) => Math.floor((head * groups) / heads));
  return concat(
    each.map((group) => slice(x, 1, group, group + 1)),
    1,
  );
}

/** Token by token. */
function stepped(spec: MixerSpec, inputs: MixerInputs, length: number): MixerResult {
  const outputs: Value[] = [];
  let { state } = inputs;
  for (let place = 0; place < length; place++) {
    const token = (x: Value) => slice(x, -2, place, place + 1);
    const streams = Object.fromEntries(Object.entries(inputs.streams ?? {}).map(([name, x]) => [name, token(x)]));
    const result = step(spec, {
      ...inputs,
      queries: token(inputs.queries),
      keys: token(inputs.keys),
      values: token(inputs.values),
      streams,
      ...(state && { state }),
    });
    outputs.push(result.output);
    state = result.state;
  }
  return { output: concat(outputs, 2), ...(state && { state }) };
}

/** The results, and the gradients of Σ result · weight, as the file's metadata has them. */
function withGradients(
  results: Readonly<Record<string, Value>>,
  tensors: Readonly<Record<string, Value>>,
  names: readonly string[],
): Program {
  if (names.length === 0) return program(results);
  const weighted = Object.entries(results).map(([name, value]) =>
    sum(multiply(value, input(weightOf(name), value.shape))),
  );
  const loss = weighted.reduce((total, part) => add(total, part));
  const gradients = gradient(
    loss,
    names.map((name) => tensors[name] as Value),
  );
  return program({
    ...results,
    ...Object.fromEntries(names.map((name, index) => [`grad_${name}`, gradients[index] as Value])),
  });
}

/** The file's name for the weight of a result: `weight`, or `weight_state` for `final_state`. */
export const weightOf = (result: string): string =>
  result === "output" ? "weight" : `weight_${result.replace("final_", "")}`;
