/** The schema of recipe files for editors: completion and checking while one writes. */
import { z } from "zod";

/** JSON Schema (draft 2020-12) of the YAML that a recipe's schema accepts. */
export function editorSchema(schema: z.ZodType, title: string): Record<string, unknown> {
  return { ...z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }), title };
}
