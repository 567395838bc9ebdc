/** A recipe's schema as rows for people: every key with its type, default and meaning. */
import { z } from "zod";
import { discriminatorOf, unwrap } from "./walk.ts";

type Schema = z.core.$ZodType;

/** One key of a recipe. */
export interface KeyRow {
  /** The path from the recipe's root, as `--set` takes it; NAME stands for a list entry's name. */
  readonly path: string;
  readonly type: string;
  /** As YAML; "required" where there is none. */
  readonly fallback: string;
  readonly description: string;
}

/** The keys below a schema, each before the keys below it; `entry` stands for one entry of a list. */
export function keyRows(schema: Schema, prefix = "", entry = ".NAME"): KeyRow[] {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodObject) {
    return Object.entries(inner.shape).flatMap(([key, child]) => {
      const path = prefix === "" ? key : `${prefix}.${key}`;
      return [
        { path, type: typeText(child), fallback: fallbackOf(child), description: describe(child) },
        ...keyRows(child, path, entry),
      ];
    });
  }
  if (inner instanceof z.ZodArray) return keyRows(inner.element, `${prefix}${entry}`, entry);
  if (inner instanceof z.ZodUnion) {
    const chooser = [prefix, discriminatorOf(inner)].filter((part) => part !== "").join(".");
    const options = inner.options.map((option) => keyRows(option, prefix, entry));
    return merged(options.map((rows) => rows.map((row) => (row.path === chooser ? choice(row) : row))));
  }
  return [];
}

/** The row of a discriminator in one option: its meaning is that of its one value. */
function choice(row: KeyRow): KeyRow {
  return { ...row, fallback: "required", description: row.description && `${row.type}: ${row.description}` };
}

/** The rows of a union's options: equal ones once, others in their order; a discriminator lists all its values. */
function merged(options: readonly KeyRow[][]): KeyRow[] {
  const rows = new Map<string, KeyRow>();
  for (const row of options.flat()) {
    const known = rows.get(row.path);
    if (known === undefined) rows.set(row.path, row);
    else if (known.type !== row.type || known.fallback !== row.fallback) {
      rows.set(row.path, {
        path: row.path,
        type: joined(known.type, row.type, " | "),
        fallback: joined(known.fallback, row.fallback, " or "),
        description: joined(known.description, row.description, "; "),
      });
    } else if (known.description !== row.description) {
      rows.set(row.path, { ...known, description: joined(known.description, row.description, "; ") });
    }
  }
  return [...rows.values()];
}

function joined(first: string, second: string, separator: string): string {
  if (first === "" || second === "") return first || second;
  return first.split(separator).includes(second) ? first : `${first}${separator}${second}`;
}

/** The meaning of a key: its own description, else that of the schema inside its wrappers. */
export function describe(schema: Schema): string {
  for (const candidate of [schema, unwrap(schema)]) {
    if (candidate instanceof z.ZodType && candidate.description !== undefined) return candidate.description;
  }
  return "";
}

/** A key's type as a reader of YAML knows it. */
export function typeText(schema: Schema): string {
  if (schema instanceof z.ZodNullable) return `${typeText(schema.unwrap())} | null`;
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) return typeText(schema.def.innerType);
  if (schema instanceof z.ZodOptional) return typeText(schema.unwrap());
  if (schema instanceof z.ZodPipe) return typeText(schema.in);
  if (schema instanceof z.ZodLiteral) return [...schema.values].join(" | ");
  if (schema instanceof z.ZodEnum) return schema.options.join(" | ");
  if (schema instanceof z.ZodBoolean) return "true | false";
  if (schema instanceof z.ZodArray) return `list of ${typeText(schema.element)}`;
  if (schema instanceof z.ZodTuple) return `list of ${schema.def.items.length} numbers`;
  if (schema instanceof z.ZodUnion && !(schema instanceof z.ZodDiscriminatedUnion)) {
    return schema.options.map(typeText).join(" | ");
  }
  if (schema instanceof z.ZodNumber) return schema.isInt ? "whole number" : "number";
  if (schema instanceof z.ZodString || schema instanceof z.ZodURL) return "text";
  return "mapping";
}

function fallbackOf(schema: Schema): string {
  if (schema instanceof z.ZodDefault) return JSON.stringify(schema.def.defaultValue).replaceAll('"', "");
  if (schema instanceof z.ZodPrefault) {
    const value: unknown = schema.def.defaultValue;
    const text = JSON.stringify(value);
    return text === "{}" ? "" : text.replaceAll('"', "");
  }
  if (schema instanceof z.ZodOptional) return "";
  return schema instanceof z.ZodLiteral ? "" : "required";
}
