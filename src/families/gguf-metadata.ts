/** A GGUF file's metadata of its architecture, read strictly: every key is taken, known to ask for nothing here, or refused. */
import { FormatError } from "../errors.ts";
import type { MetadataValue, TensorSource } from "../formats/tensor.ts";

/** Sizes that keys are held against. */
export interface GgufSizes {
  readonly heads: number;
  readonly headDim: number;
  readonly layers: number;
}

/** When a key that a family does not read asks for nothing. */
type Idle = (value: MetadataValue, sizes: GgufSizes) => boolean;

const always: Idle = () => true;
const none: Idle = (value) => value === 0;

/** By key, or by its first part. */
const idleKeys: Readonly<Record<string, Idle>> = {
  // The table's rows say it.
  vocab_size: always,
  // A note on the file's making: names and shapes of tensors say how they lie.
  tensor_data_layout: always,
  // What becomes of the last stream in embedding models; logits do not ask.
  pooling_type: always,
  // Of images, in files of the text model alone.
  ...{ vision: always, mm: always },
  "attention.head_count_kv": (value, { heads }) => value === heads,
  "attention.key_length": (value, { headDim }) => value === headDim,
  "attention.value_length": (value, { headDim }) => value === headDim,
  "attention.sliding_window": none,
  "attention.causal": (value) => value === true,
  "rope.scaling.finetuned": (value) => value === true,
  "rope.scaling.yarn_ext_factor": (value) => value === 1,
  // Settings of experts mean nothing without experts, and these have tensors of their own.
  ...{ expert_count: none, expert_used_count: none, expert_group_count: none, expert_group_used_count: none },
  ...{ expert_feed_forward_length: always, expert_shared_feed_forward_length: always },
};

/** The keys below an architecture's name. */
export class GgufMetadata {
  readonly #source: TensorSource;
  readonly #architecture: string;
  readonly #taken = new Set<string>();

  constructor(source: TensorSource, architecture: string) {
    this.#source = source;
    this.#architecture = architecture;
  }

  /** A key's value as the file has it, if it has the key. */
  take(key: string): MetadataValue | undefined {
    this.#taken.add(key);
    return this.#source.metadata.get(`${this.#architecture}.${key}`);
  }

  /** A key's value for all layers. Throws a FormatError where layers have values of their own. */
  takeOne(key: string): MetadataValue | undefined {
    const value = this.take(key);
    if (value === undefined || typeof value !== "object") return value;
    const [first] = value;
    if (first === undefined || value.some((each: unknown) => each !== first))
      throw this.problem(`gives layers different values of ${this.#architecture}.${key}`);
    return first;
  }

  /** A number. Throws a FormatError for a value that is none. */
  takeNumber(key: string): number | undefined {
    const value = this.takeOne(key);
    if (value === undefined || typeof value === "number") return value;
    throw this.refusal(key, value);
  }

  /** Throws a FormatError for the first key that was not taken and asks for something. */
  refuseRest(sizes: GgufSizes): void {
    const prefix = `${this.#architecture}.`;
    for (const [name, value] of this.#source.metadata) {
      const key = name.slice(prefix.length);
      if (!name.startsWith(prefix) || this.#taken.has(key)) continue;
      const idle = idleKeys[key] ?? idleKeys[key.split(".")[0] ?? key];
      const single = this.takeOne(key);
      if (single !== undefined && !idle?.(single, sizes)) throw this.refusal(key, value);
    }
  }

  /** An error that names a key and what it asks for. */
  refusal(key: string, value: unknown, why = "which is not supported: the model would be another one"): FormatError {
    return this.problem(`asks for ${this.#architecture}.${key} = ${String(value)}, ${why}`);
  }

  /** An error in this file's metadata. */
  problem(what: string): FormatError {
    return new FormatError(this.#source.path, `its metadata ${what}`);
  }
}
