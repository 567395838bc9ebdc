/** A mixer's spec for people: what it says beyond the defaults, a line per axis. */
import { isDeepStrictEqual } from "node:util";
import { MixerError, parseMixer } from "../../mixers/index.ts";

type Fields = Readonly<Record<string, unknown>>;

/** One axis and the value it has. */
export interface AxisText {
  readonly axis: string;
  readonly value: string;
}

/** The spec without the fields whose default says the same. Throws a MixerError where it is no mixer. */
export function withoutDefaults(spec: object): Fields {
  const wanted = parseMixer(spec);
  const same = (candidate: Fields) => {
    try {
      return isDeepStrictEqual(parseMixer(candidate), wanted);
    } catch (error) {
      if (error instanceof MixerError) return false;
      throw error;
    }
  };
  return pruned(spec as Fields, same);
}

/** The fields that make a difference; `same` tells whether fields in their place leave the mixer as it is. */
function pruned(fields: Fields, same: (candidate: Fields) => boolean): Fields {
  let kept = fields;
  for (const [key, value] of Object.entries(fields)) {
    const { [key]: _removed, ...others } = kept;
    if (same(others)) kept = others;
    else if (isFields(value)) kept = { ...kept, [key]: pruned(value, (inner) => same({ ...kept, [key]: inner })) };
  }
  return kept;
}

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The axes of a spec, `state.` before those of its state: `window: slide, size 64`. */
export function axesOf({ state, ...others }: Fields): AxisText[] {
  const lines = (fields: Fields, prefix = "") =>
    Object.entries(fields).map(([name, value]) => ({ axis: `${prefix}${name}`, value: valueText(value) }));
  const branch = isFields(state) ? lines(state, "state.") : [];
  const whole = branch.length === 0 && isFields(state) ? [{ axis: "state", value: "all defaults" }] : branch;
  return [...lines(others), ...whole];
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.map(valueText).join(" and ");
  if (!isFields(value)) return String(value);
  const { kind, ...options } = value;
  const texts = Object.entries(options).map(([name, option]) => optionText(name, option));
  return [...(kind === undefined ? [] : [String(kind)]), ...texts].join(", ");
}

function optionText(name: string, option: unknown): string {
  const words = name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  if (option === true) return words;
  if (option === false) return `not ${words}`;
  return isFields(option) ? `${words} (${valueText(option)})` : `${words} ${valueText(option)}`;
}
