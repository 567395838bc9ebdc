/** `--set key.path=value`: a recipe's keys changed from the command line, typed and spell-checked by the recipe's own schema. */
import { parse } from "yaml";
import { z } from "zod";
import { SubquadError } from "../errors.ts";
import { below, describeIssues } from "./issues.ts";
import { hint } from "./nearest.ts";
import { childOf, defaultOf, discriminatorOf, discriminatorValues, isRecord, keysOf, optionsFor } from "./walk.ts";

/** A setting is a key and a value, not a document. */
const MAXIMUM_CHARACTERS = 4096;

/** Deeper than any recipe. */
const MAXIMUM_PARTS = 16;

/**
 * Applies settings in order to a recipe's data, which stays unchanged, and returns the changed data.
 *
 * A path leads through mappings by key and through lists by index or by an entry's `name`. A value is read as YAML
 * (numbers, `true`, `null`, `[q, v]`), and as plain text where the key wants text.
 * @throws SubquadError naming the setting, for an unknown key, a missing list entry or a value of the wrong kind.
 */
export function applySettings(schema: z.ZodType, data: unknown, settings: readonly string[]): unknown {
  return settings.reduce<unknown>((current, setting) => {
    const { path, text } = splitSetting(setting);
    return changed(schema, current, path, 0, text);
  }, data);
}

function splitSetting(setting: string): { path: string[]; text: string } {
  const at = setting.indexOf("=");
  const path = setting.slice(0, Math.max(0, at)).trim().split(".");
  if (at < 1 || path.some((part) => part === "")) {
    throw new SubquadError(
      `--set ${setting}: write key.path=value, for instance --set stages.transfer.learning_rate=0.01`,
    );
  }
  if (setting.length > MAXIMUM_CHARACTERS || path.length > MAXIMUM_PARTS) {
    throw new SubquadError(`--set ${setting.slice(0, 60)}…: too long for a setting; write a recipe file instead`);
  }
  return { path, text: setting.slice(at + 1).trim() };
}

function changed(
  schema: z.core.$ZodType,
  written: unknown,
  path: readonly string[],
  depth: number,
  text: string,
): unknown {
  const value = written === undefined ? defaultOf(schema) : written;
  const part = path[depth];
  if (part === undefined) return readValue(schema, text, path.join("."));
  if (optionsFor(schema, value).some((option) => option instanceof z.ZodArray || option instanceof z.ZodTuple)) {
    const entries: readonly unknown[] = Array.isArray(value) ? value : [];
    const index = entryIndex(entries, part, path.slice(0, depth));
    const child = childOf(schema, value, index);
    if (child === undefined) throw new SubquadError(`--set: ${path.slice(0, depth + 1).join(".")} is not in the list`);
    return entries.with(index, changed(child, entries[index], path, depth + 1, text));
  }
  const child = childOf(schema, value, part);
  if (child === undefined) throw unknownKey(schema, value, path, depth);
  const kept = isRecord(value) ? fittingKeys(schema, value, part) : {};
  if (part === discriminatorOf(schema) && depth === path.length - 1) {
    return knownOnly(schema, { ...kept, [part]: readKind(schema, text, path.join(".")) });
  }
  return { ...kept, [part]: changed(child, below(value, part), path, depth + 1, text) };
}

/** The value that chooses between a union's options: any of theirs, not just the present one's. */
function readKind(schema: z.core.$ZodType, text: string, name: string): string {
  const names = discriminatorValues(schema).map(String);
  if (names.includes(text)) return text;
  throw new SubquadError(`--set: ${name} must be one of ${names.join(", ")}, is "${text}"${hint(text, names)}`);
}

/** What may stand beside a key where a value has several forms, such as `layers`: another form's keys go. */
function fittingKeys(
  schema: z.core.$ZodType,
  value: Record<string, unknown>,
  part: string,
): Readonly<Record<string, unknown>> {
  if (discriminatorOf(schema) !== undefined) return value;
  const forms = optionsFor(schema, value).filter((form) => form instanceof z.ZodObject);
  const known = new Set(
    forms.filter(({ shape }) => Object.hasOwn(shape, part)).flatMap(({ shape }) => Object.keys(shape)),
  );
  return forms.length < 2 ? value : Object.fromEntries(Object.entries(value).filter(([key]) => known.has(key)));
}

/** Another kind has other keys: what it does not know goes with the kind that is replaced. */
function knownOnly(schema: z.core.$ZodType, value: Record<string, unknown>): Record<string, unknown> {
  const known = new Set(keysOf(schema, value));
  return Object.fromEntries(Object.entries(value).filter(([key]) => known.has(key)));
}

function entryIndex(entries: readonly unknown[], part: string, above: readonly string[]): number {
  const names = entries.map((entry) => String(below(entry, "name") ?? ""));
  const index = /^\d+$/.test(part) ? Number(part) : names.indexOf(part);
  if (index >= 0 && index < entries.length) return index;
  const named = names.filter((name) => name !== "");
  const known = named.length > 0 ? named.join(", ") : `0 to ${entries.length - 1}`;
  const list = above.join(".");
  throw new SubquadError(
    entries.length === 0
      ? `--set: ${list} is empty`
      : `--set: ${list} has no entry ${part}${hint(part, named) || `; it has ${known}`}`,
  );
}

function unknownKey(schema: z.core.$ZodType, value: unknown, path: readonly string[], depth: number): SubquadError {
  const above = path.slice(0, depth).join(".");
  const part = path[depth] ?? "";
  const known = keysOf(schema, value);
  if (known === undefined) return new SubquadError(`--set: ${above} is a single value, it has no key ${part}`);
  return new SubquadError(
    `--set: unknown key ${path.slice(0, depth + 1).join(".")}${hint(part, known) || `; known are ${known.join(", ")}`}`,
  );
}

/** The text as the key wants it: as YAML where that fits, else as it stands. */
function readValue(schema: z.core.$ZodType, text: string, name: string): unknown {
  let value: unknown = text;
  try {
    value = parse(text, { schema: "core", maxAliasCount: 0 });
  } catch {
    // Not YAML: the text itself may still be what the key wants.
  }
  const result = z.core.safeParse(schema, value);
  if (result.success) return value;
  if (z.core.safeParse(schema, text).success) return text;
  throw new SubquadError(describeIssues(schema, value, result.error.issues, { locate: () => "--set", within: name }));
}
