/** A configuration of the Hugging Face layout, read by type. */

/** A configuration's values. */
export class Config {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values;
  }

  number(...keys: readonly string[]): number {
    const value = keys.map((key) => this.#values[key]).find((each) => typeof each === "number");
    if (typeof value !== "number") throw new Error(`the configuration has no number ${keys.join(", ")}`);
    return value;
  }

  maybe(key: string): number | undefined {
    const value = this.#values[key];
    return typeof value === "number" ? value : undefined;
  }

  truth(key: string): boolean {
    return this.#values[key] === true;
  }

  list(key: string): number[] | undefined {
    const value = this.#values[key];
    return Array.isArray(value) ? value.map(Number) : undefined;
  }

  text(key: string): string | undefined {
    const value = this.#values[key];
    return typeof value === "string" ? value : undefined;
  }

  /** The rotary settings, of one kind of layers where there are two. */
  rope(kind?: string): Config {
    const settings = (this.#values.rope_parameters ?? {}) as Record<string, unknown>;
    return new Config(((kind === undefined ? undefined : settings[kind]) ?? settings) as Record<string, unknown>);
  }

  get heads(): number {
    return this.number("num_attention_heads", "n_head");
  }

  get width(): number {
    return this.number("hidden_size", "n_embd");
  }

  get headDim(): number {
    return this.maybe("head_dim") ?? this.width / this.heads;
  }
}
