/** Presets: published mixers as data, and how the golden files of their reference implementations are read. */
import type { MixerSpecInput } from "./spec.ts";

/**
 * Which file tensor holds a tensor of ours, as `NAME:LETTERS`: the file's axes are put into the order of these letters. Channels D
 * are taken apart into heads H and K where the letters name those; `NAME[1::2]` is every second place of axis U from place 1,
 * `NAME[1]` the second of several stacked tensors, and `-NAME`, `log(NAME)`, `log(-NAME)` and `log(1-NAME)` are functions of one.
 */
export type TensorName = string;

/** A reference implementation that a preset answers to. */
export interface Oracle {
  /** The function of the file's metadata, as its last dotted parts. */
  readonly function: string;
  /** What to change in the preset's spec, merged into it; `null` removes a field. */
  readonly spec?: object;
  /** Fields of the spec, by dotted path, that arguments of the file set: the argument's name, or its values by name. */
  readonly arguments?: Readonly<Record<string, string | { readonly of: string; readonly values: object }>>;
  /**
   * Inputs by our name: `queries`, `keys`, `values`, `stream.NAME`, `state.NAME` or a parameter's name. Where several tensors
   * follow one another along the last axis of ours, they are listed.
   */
  readonly tensors: Readonly<Record<string, TensorName | readonly TensorName[]>>;
  /** Final states by our name, likewise. */
  readonly states?: Readonly<Record<string, TensorName | readonly TensorName[]>>;
  /** Letters of the file's `output` (default: those of the layout). */
  readonly output?: string;
  /** Inputs of the file that the mixer does not read. */
  readonly unused?: readonly string[];
  /** Arguments the file must have, where several references bear one name. */
  readonly when?: Readonly<Record<string, string | number | boolean>>;
  /** What is asked of float32 instead of 1e-4, and why no form can do better. */
  readonly looser?: { readonly float32: number; readonly because: string };
  /** Where the file holds a part of the mixer only: its log decay. */
  readonly part?: "decay";
}

/** A published mixer. */
export interface Preset {
  readonly name: string;
  readonly title: string;
  /** Where it was published. */
  readonly paper: string;
  /** What it computes, in a line. */
  readonly equation: string;
  readonly spec: MixerSpecInput;
  readonly oracles?: readonly Oracle[];
}
