/** Finding one's way in a schema: what lies behind its wrappers, which keys it knows, what is expected below one. */
import { z } from "zod";

type Schema = z.core.$ZodType;

/** The schema inside optional, nullable, default and transform wrappers. */
export function unwrap(schema: Schema): Schema {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) return unwrap(schema.unwrap());
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) return unwrap(schema.def.innerType);
  if (schema instanceof z.ZodPipe) return unwrap(schema.in);
  return schema;
}

/** What stands where nothing was written: the default of a schema, or undefined. */
export function defaultOf(schema: Schema): unknown {
  return schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault ? schema.def.defaultValue : undefined;
}

/** True for a mapping of keys to values, as JSON and YAML have them. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What a schema's union offers for this value: the option its discriminator names, else every option. */
export function optionsFor(schema: Schema, value: unknown): readonly Schema[] {
  const inner = unwrap(schema);
  if (!(inner instanceof z.ZodUnion)) return [inner];
  const options = inner.options.map(unwrap);
  const key = discriminatorOf(inner);
  if (key === undefined || !isRecord(value)) return options;
  const chosen = options.filter((option) => valuesOf(option, key).includes(value[key]));
  return chosen.length > 0 ? chosen : options;
}

/** The key that tells the options of a discriminated union apart, or undefined for any other schema. */
export function discriminatorOf(schema: Schema): string | undefined {
  const inner = unwrap(schema);
  return inner instanceof z.ZodDiscriminatedUnion ? inner.def.discriminator : undefined;
}

/** The values that the options of a union allow for its discriminator. */
export function discriminatorValues(schema: Schema): readonly unknown[] {
  const inner = unwrap(schema);
  const key = discriminatorOf(inner);
  if (!(inner instanceof z.ZodUnion) || key === undefined) return [];
  return inner.options.flatMap((option) => valuesOf(unwrap(option), key));
}

function valuesOf(option: Schema, key: string): readonly unknown[] {
  const field = option instanceof z.ZodObject ? option.shape[key] : undefined;
  const literal = field === undefined ? undefined : unwrap(field);
  return literal instanceof z.ZodLiteral ? [...literal.values] : [];
}

/** The keys known below a schema for this value; undefined where any key goes or there are none to name. */
export function keysOf(schema: Schema, value: unknown): string[] | undefined {
  const objects = optionsFor(schema, value).filter((option) => option instanceof z.ZodObject);
  if (objects.length === 0) return undefined;
  return [...new Set(objects.flatMap((option) => Object.keys(option.shape)))];
}

/** The schema below a key (an index for lists), or undefined where the schema has no such key. */
export function childOf(schema: Schema, value: unknown, key: PropertyKey): Schema | undefined {
  for (const option of optionsFor(schema, value)) {
    if (option instanceof z.ZodObject && Object.hasOwn(option.shape, key)) return option.shape[String(key)];
    if (option instanceof z.ZodArray) return option.element;
    if (option instanceof z.ZodTuple) return option.def.items[Number(key)];
    if (option instanceof z.ZodRecord) return option.valueType;
  }
  return undefined;
}
