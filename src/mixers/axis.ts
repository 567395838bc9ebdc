/** Axes of the space of mixers: each kind is an object with the schema of its options and what it declares. */
import { z } from "zod";

/** One value of an axis: the schema of its options (with a literal `kind`) and what those options mean. */
export interface Kind<Schema extends z.ZodObject, Declared> {
  readonly schema: Schema;
  // A method, so that a kind of particular options is also a kind of any.
  declare(options: z.output<Schema>): Declared;
}

/** An axis: the schema of all its kinds, and the declaration of the one that was chosen. */
export interface Axis<Schema extends z.ZodType, Declared> {
  readonly schema: z.ZodType<z.output<Schema>, z.input<Schema>>;
  declare(options: z.output<Schema>): Declared;
}

type Kinds = Readonly<Record<string, Kind<z.ZodObject, unknown>>>;

/** Pairs a schema with the meaning of its options. */
export function kind<Schema extends z.ZodObject, Declared>(
  schema: Schema,
  declare: (options: z.output<Schema>) => Declared,
): Kind<Schema, Declared> {
  return { schema, declare };
}

/** The axis made of the given kinds, each under the name its schema's `kind` has. */
export function axis<Chosen extends Kinds>(
  kinds: Chosen,
): Axis<Chosen[keyof Chosen]["schema"], ReturnType<Chosen[keyof Chosen]["declare"]>> {
  const names = Object.keys(kinds);
  type Schema = Chosen[keyof Chosen]["schema"];
  const schemas = Object.values(kinds).map((each) => each.schema);
  const error = ({ code }: { code?: string | undefined }) =>
    code === "invalid_union" ? `the kind must be one of ${names.join(", ")}` : undefined;
  // The union of a record's schemas has no static form in zod: its type is stated here.
  const schema: unknown = z.discriminatedUnion("kind", schemas as [z.ZodObject, ...z.ZodObject[]], { error });
  return {
    schema: schema as z.ZodType<z.output<Schema>, z.input<Schema>>,
    declare: (options) => {
      const { kind: name } = options as { kind: keyof Chosen };
      return kinds[name]?.declare(options as Record<string, unknown>) as ReturnType<Chosen[keyof Chosen]["declare"]>;
    },
  };
}
