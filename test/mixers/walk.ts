/** Walking a sequence token by token: one program of a single step, run again and again. */
import { program, sizeOf } from "../../src/graph/index.ts";
import { type MixerSizes, type MixerSpec, step } from "../../src/mixers/index.ts";
import { mixerVariables, tensorsOf } from "./forms.ts";
import { type Backend, type Numbers, prepared } from "./harness.ts";

/** Inputs that have a row per token. */
const perToken = (name: string) =>
  ["queries", "keys", "values", "cos", "sin", "cappedCos", "cappedSin"].includes(name) || name.startsWith("stream.");

/** The outputs and the last state of a sequence walked from the state in `feeds`. */
export async function walk(
  backend: Backend,
  spec: MixerSpec,
  sizes: MixerSizes,
  feeds: Numbers,
  phase: number,
): Promise<Numbers> {
  const { inputs } = mixerVariables(spec, { ...sizes, length: 1 }, true, sizes.length + 3);
  const made = program(tensorsOf(step(spec, { ...inputs, phase })));
  const compute = await prepared(backend, made);
  const outputs: ArrayLike<number>[] = [];
  let state: Numbers = {};
  for (let place = 0; place < sizes.length; place++) {
    const given = [...made.inputs].map(([name, { shape }]): [string, ArrayLike<number>] => {
      const numbers = state[name] ?? feeds[name] ?? [];
      return [name, perToken(name) ? token(numbers, sizeOf(shape), shape.at(-1) ?? 1, place, sizes.length) : numbers];
    });
    const { output = [], ...next } = await compute(Object.fromEntries(given));
    outputs.push(output);
    state = Object.fromEntries(Object.entries(next).map(([name, x]) => [name.replace("final.", "state."), x]));
  }
  const last = Object.entries(state).map(([name, x]) => [name.replace("state.", "final."), x]);
  return { output: joined(outputs, sizes), ...Object.fromEntries(last) };
}

/** The rows of one token of numbers `[…, length, width]`. */
function token(numbers: ArrayLike<number>, size: number, width: number, place: number, length: number): number[] {
  return Array.from({ length: size }, (_unused, index) => {
    const row = Math.floor(index / width) * length + place;
    return numbers[row * width + (index % width)] ?? 0;
  });
}

/** Outputs `[batch, heads, 1, dim]` of every token as `[batch, heads, length, dim]`. */
function joined(outputs: readonly ArrayLike<number>[], { batch, heads, length }: MixerSizes): number[] {
  const rows = batch * heads;
  const width = (outputs[0]?.length ?? 0) / rows;
  return Array.from({ length: rows * length * width }, (_unused, index) => {
    const [row, place, column] = [
      Math.floor(index / (length * width)),
      Math.floor(index / width) % length,
      index % width,
    ];
    return outputs[place]?.[row * width + column] ?? 0;
  });
}
