/** The options of the verbs about token mixers. */

/** The sizes to describe mixers for. */
export interface MixerSizeOptions {
  readonly heads: number;
  /** Dimensions of a head's queries, keys and values. */
  readonly dim: number;
  /** Width of the stream that gates are made of; absent: heads · dim. */
  readonly hidden?: number | undefined;
}

/** `mixers show`: one mixer in full. */
export interface ShowMixerOptions extends MixerSizeOptions {
  readonly name: string;
  /** Key and value heads, a divisor of `heads`; absent: as many. */
  readonly groups?: number | undefined;
  /** The most tokens of a sequence, for states that grow with it. */
  readonly length: number;
}

/** `mixers check`: files of published results against every form of the mixer that answers to them. */
export interface CheckMixersOptions {
  readonly files: readonly string[];
  /** Threads of the engine; where absent, as many as the process may use. */
  readonly threads?: number | undefined;
}

/** `bench mixers`: time and memory of mixers by length, beside softmax attention. */
export interface BenchMixersOptions {
  /** Presets by name; absent: all. Softmax attention is measured beside them. */
  readonly presets?: readonly string[] | undefined;
  /** Tokens of a sequence, one measurement each. */
  readonly lengths: readonly number[];
  readonly heads: number;
  /** Dimensions of a head. */
  readonly dim: number;
  /** Runs once warm; more where they are short, fewer where they are long. */
  readonly repeats: number;
  /** Bytes that the tensors of one program may need. */
  readonly memory: number;
  readonly seed: number;
  /** Threads of the engine; where absent, as many as the process may use. */
  readonly threads?: number | undefined;
  /** An SVG file to write the plot to. */
  readonly output?: string | undefined;
}
