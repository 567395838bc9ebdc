/** Ceilings on golden files: what a check is willing to compute, told before anything is. */
import { formatShape, type Program, sizeOf } from "../../graph/index.ts";
import { type Form, MixerError } from "../../mixers/index.ts";
import type { GoldenFile } from "./golden-file.ts";
import { numbersComputed } from "./program-memory.ts";

/** Bytes of a file's tensors: the largest published ones have 0.4 MB. */
export const MAXIMUM_GOLDEN_BYTES = 32 * 2 ** 20;

/** Tokens of a sequence: steps are unrolled in one program, and parallel forms are quadratic. Published files have 140. */
export const MAXIMUM_GOLDEN_LENGTH = 256;

/** Elements along any axis, and whole numbers that arguments set: windows, slots, ranks. */
export const MAXIMUM_GOLDEN_SIZE = 4096;

/** Numbers a form may compute; the reference interpreter keeps them all, in 8 bytes each. Published files ask for 21 million. */
export const MAXIMUM_GOLDEN_NUMBERS = 2 ** 27;

/** Letters of axes along which tokens follow one another. */
const timeAxes = new Set(["T", "U"]);

/** Throws a MixerError where the file's tensors do not fit their described axes, or are beyond the ceilings. */
export function requireModest({ path, source, axes }: GoldenFile): void {
  const fail = (problem: string) => {
    throw new MixerError(`${path}: ${problem}`);
  };
  const names = source.names();
  if (!source.has("output")) fail('it has no tensor "output" to compare with');
  const bytes = names.reduce((total, name) => total + source.info(name).bytes, 0);
  if (bytes > MAXIMUM_GOLDEN_BYTES)
    fail(`its tensors have ${bytes} bytes; at most ${MAXIMUM_GOLDEN_BYTES} are checked`);
  for (const name of names) {
    const { shape } = source.info(name);
    if (shape.includes(0)) fail(`tensor "${name}" of shape ${formatShape(shape)} is empty`);
    if (shape.some((size) => size > MAXIMUM_GOLDEN_SIZE))
      fail(`tensor "${name}" of shape ${formatShape(shape)} has an axis of more than ${MAXIMUM_GOLDEN_SIZE} elements`);
  }
  const sizes = new Map<string, { readonly size: number; readonly of: string }>();
  for (const [name, letters] of Object.entries(axes)) {
    if (!source.has(name)) fail(`its metadata describes a tensor "${name}", which it lacks`);
    const { shape } = source.info(name);
    if (shape.length !== letters.length)
      fail(`tensor "${name}" has shape ${formatShape(shape)}, but its metadata gives it the axes [${[...letters]}]`);
    [...letters].forEach((letter, axis) => {
      const size = shape[axis] ?? 0;
      if (timeAxes.has(letter) && size > MAXIMUM_GOLDEN_LENGTH)
        fail(`tensor "${name}" has ${size} tokens; at most ${MAXIMUM_GOLDEN_LENGTH} are checked`);
      const known = sizes.get(letter) ?? { size, of: name };
      sizes.set(letter, known);
      if (known.size !== size)
        fail(`axis ${letter} has ${known.size} elements in "${known.of}" and ${size} in "${name}"`);
    });
  }
}

/** Throws a MixerError where arguments that the spec is made of are whole numbers beyond the ceiling. */
export function requireModestArguments(path: string, given: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(given)) {
    if (typeof value === "number" && Number.isInteger(value) && Math.abs(value) > MAXIMUM_GOLDEN_SIZE)
      throw new MixerError(`${path}: the argument ${name} is ${value}; at most ${MAXIMUM_GOLDEN_SIZE} are checked`);
  }
}

/** Throws a MixerError where a form's program asks for more than the ceiling, or for tensors that the file does not have. */
export function requireComputable(file: GoldenFile, form: Form, program: Program): void {
  const numbers = numbersComputed(program);
  if (numbers > MAXIMUM_GOLDEN_NUMBERS) {
    throw new MixerError(
      `${file.path}: the ${form} form computes ${numbers} numbers; at most ${MAXIMUM_GOLDEN_NUMBERS} are checked`,
    );
  }
  for (const [name, { shape }] of [...program.inputs, ...Object.entries(program.outputs)]) {
    const own = file.source.info(name).shape;
    if (sizeOf(own) !== sizeOf(shape)) {
      throw new MixerError(
        `${file.path}: tensor "${name}" has shape ${formatShape(own)}, where the mixer has ${formatShape(shape)}`,
      );
    }
  }
}
