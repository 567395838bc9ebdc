/** What is wrong with a recipe, in words: one line per fault, with its place, the key's full name and the nearest known one. */
import type { z } from "zod";
import { hint } from "./nearest.ts";
import { childOf, discriminatorOf, discriminatorValues, isRecord, keysOf } from "./walk.ts";

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** More than these are rarely read; the first ones usually explain the rest. */
const MOST_LINES = 8;

/** Where the described value comes from. */
export interface Origin {
  /** Says where the value (or key) at a path stands: `file:line:column`. */
  locate(path: Path, part: "key" | "value"): string;
  /** The path of the value itself where it is a part of a recipe. */
  readonly within?: string;
}

/** All faults of a value, one per line, unknown keys first: they often explain what is missing. */
export function describeIssues(
  schema: z.core.$ZodType,
  data: unknown,
  issues: readonly Issue[],
  origin: Origin,
): string {
  const [unknown, others] = [true, false].map((wanted) =>
    issues.filter(({ code }) => (code === "unrecognized_keys") === wanted),
  );
  const lines = [...(unknown ?? []), ...(others ?? [])].flatMap((issue) => linesOf(schema, data, issue, origin));
  const more = lines.length - MOST_LINES;
  return [...lines.slice(0, MOST_LINES), ...(more > 0 ? [`and ${more} more`] : [])].join("\n");
}

/** A path as `--set` takes it: list entries by their name where they have one. */
export function pathText(path: Path, data: unknown): string {
  const parts: string[] = [];
  let value = data;
  for (const key of path) {
    value = below(value, key);
    parts.push(isRecord(value) && typeof key === "number" && typeof value.name === "string" ? value.name : String(key));
  }
  return parts.join(".");
}

/** The value below a key of a record or list, or undefined. */
export function below(value: unknown, key: PropertyKey): unknown {
  if (Array.isArray(value)) return value[Number(key)];
  return isRecord(value) && Object.hasOwn(value, key) ? value[String(key)] : undefined;
}

function linesOf(schema: z.core.$ZodType, data: unknown, issue: Issue, origin: Origin): string[] {
  const { path } = issue;
  if (issue.code === "unrecognized_keys") {
    const known = keysOf(schemaAt(schema, data, path) ?? schema, valueAt(data, path)) ?? [];
    return issue.keys.map((key) => {
      const full = [...path, key];
      return `${origin.locate(full, "key")}: unknown key ${named(full, data, origin)}${hint(key, known) || `; known are ${known.join(", ")}`}`;
    });
  }
  const name = named(path, data, origin) || "the recipe";
  return [`${origin.locate(path, "value")}: ${name} ${problem(schema, data, issue)}`];
}

function named(path: Path, data: unknown, { within }: Origin): string {
  return [within, pathText(path, data)].filter((part) => part !== undefined && part !== "").join(".");
}

function problem(schema: z.core.$ZodType, data: unknown, issue: Issue): string {
  const value = valueAt(data, issue.path);
  const parent = schemaAt(schema, data, issue.path.slice(0, -1));
  const isDiscriminator = parent !== undefined && discriminatorOf(parent) === issue.path.at(-1);
  if (value === undefined && !isDiscriminator) {
    const description = descriptionOf(schemaAt(schema, data, issue.path));
    return description === "" ? "is missing" : `is missing: ${description}`;
  }
  if (isDiscriminator && issue.code === "invalid_union") return oneOf(value, discriminatorValues(parent));
  switch (issue.code) {
    case "invalid_type":
      return `must be ${article(issue.expected)}, is ${show(value)}`;
    case "invalid_value":
      return oneOf(value, issue.values);
    case "too_small":
    case "too_big":
      return limit(issue, value);
    default:
      return issue.message.charAt(0).toLowerCase() + issue.message.slice(1);
  }
}

function limit(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig, value: unknown): string {
  const [bound, side] = issue.code === "too_small" ? [issue.minimum, "least"] : [issue.maximum, "most"];
  const counted = issue.origin === "array" ? " entries" : issue.origin === "string" ? " characters" : "";
  const verb = counted === "" ? "be" : "have";
  const words =
    issue.inclusive === false ? `${issue.code === "too_small" ? "more" : "less"} than ${bound}` : `at ${side} ${bound}`;
  return `must ${verb} ${words}${counted}${counted === "" ? `, is ${show(value)}` : ""}`;
}

function oneOf(value: unknown, allowed: readonly unknown[]): string {
  const names = allowed.map(String);
  const wanted = names.length === 1 ? `must be ${names[0]}` : `must be one of ${names.join(", ")}`;
  if (value === undefined) return `is missing: it ${wanted}`;
  return `${wanted}, is ${show(value)}${typeof value === "string" ? hint(value, names) : ""}`;
}

function article(expected: string): string {
  const names: Record<string, string> = {
    int: "a whole number",
    number: "a number",
    string: "text",
    boolean: "true or false",
    array: "a list",
    tuple: "a list",
    object: "a mapping of keys to values",
    record: "a mapping of keys to values",
  };
  return names[expected] ?? expected;
}

function show(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (isRecord(value)) return "a mapping";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function descriptionOf(schema: z.core.$ZodType | undefined): string {
  return schema !== undefined && "description" in schema && typeof schema.description === "string"
    ? schema.description
    : "";
}

function valueAt(data: unknown, path: Path): unknown {
  return path.reduce(below, data);
}

function schemaAt(schema: z.core.$ZodType, data: unknown, path: Path): z.core.$ZodType | undefined {
  let current: z.core.$ZodType | undefined = schema;
  let value = data;
  for (const key of path) {
    if (current === undefined) return undefined;
    current = childOf(current, value, key);
    value = below(value, key);
  }
  return current;
}
