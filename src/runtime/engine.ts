/** What the rest of the code knows of an engine: programs compiled once, run many times. */
import type { Program, TensorType } from "../graph/index.ts";
import type { Tensor } from "./tensor.ts";

/** Tensors by name. */
export type Tensors<Name extends string = string> = Readonly<Record<Name, Tensor>>;

/** A compiled program. */
export interface Executable<Output extends string = string> {
  /**
   * Computes the outputs from all inputs. Outputs named in `into` are written to those tensors, without allocation.
   * Inputs are not copied. Throws a SubquadError naming a missing or misshapen input.
   */
  run(feeds: Tensors, into?: Partial<Tensors<Output>>): Promise<Tensors<Output>>;
  /** Names the program expects. */
  readonly inputNames: readonly string[];
  /** What the program returns. */
  readonly outputs: Readonly<Record<Output, TensorType>>;
}

/** Compiles programs and keeps account of what they hold. */
export interface Engine {
  readonly threads: number;
  /** Compiles a program; an equal program compiled before is reused. */
  compile<Output extends string>(program: Program<Output>): Promise<Executable<Output>>;
  /** Compiles the program made by `make` at first use of `key`, and reuses it afterwards. */
  cached<Output extends string>(key: string, make: () => Program<Output>): Promise<Executable<Output>>;
  readonly memory: MemoryAccount;
  /** Gives back every compiled program and what it holds; asked for again, it is compiled again. */
  release(): Promise<void>;
}

/** Bytes held on behalf of callers, by what they are for. */
export class MemoryAccount {
  readonly #held = new Map<string, number>();
  #current = 0;
  #peak = 0;

  /** Counts bytes taken (positive) or given back (negative) for a purpose. */
  add(purpose: string, bytes: number): void {
    this.#held.set(purpose, (this.#held.get(purpose) ?? 0) + bytes);
    this.#current += bytes;
    this.#peak = Math.max(this.#peak, this.#current);
  }

  /** Bytes held now. */
  get current(): number {
    return this.#current;
  }

  /** The most bytes held at once. */
  get peak(): number {
    return this.#peak;
  }

  /** Bytes held now, by purpose. */
  byPurpose(): Record<string, number> {
    return Object.fromEntries(this.#held);
  }
}

/** The most memory this process has occupied, in bytes. */
export function peakProcessMemory(): number {
  return process.resourceUsage().maxRSS * 1024;
}
