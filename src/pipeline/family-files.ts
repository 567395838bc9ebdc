/** Which family a configuration belongs to: a known one, or one that the user or the folder itself describes. */
import { FormatError, SubquadError } from "../errors.ts";
import { customFamily, type Family, familyOf, familySchema, knownFamilies } from "../families/index.ts";
import type { ModelConfig } from "../formats/config.ts";
import { describeIssues, hint, readYaml } from "../recipes/index.ts";

/** Reads a family's description. Throws a SubquadError that names what is wrong, and where. */
export async function loadFamily(path: string): Promise<Family> {
  const source = await readYaml(path);
  return await describedFamily(source.data, source);
}

/** The family of a description that was read already; `origin` says where its values stand. */
async function describedFamily(data: unknown, origin: Parameters<typeof describeIssues>[3]): Promise<Family> {
  const result = familySchema.safeParse(data);
  if (!result.success) throw new SubquadError(describeIssues(familySchema, data, result.error.issues, origin));
  const known = await knownFamilies();
  const like = known.find(({ name }) => name === result.data.like);
  if (like === undefined) {
    const names = known.map(({ name }) => name);
    const place = origin.locate(["like"], "value");
    throw new SubquadError(
      `${place}: like: there is no family "${result.data.like}"${hint(result.data.like, names)} (known: ${names.join(", ")})`,
    );
  }
  return customFamily(result.data, like, data);
}

/**
 * The family of a folder's configuration: the described one, where a file is named or the folder brings its own, else by
 * `model_type`. Throws a SubquadError for a type that none covers.
 */
export async function familyFor(path: string, config: ModelConfig, file: string | undefined): Promise<Family> {
  const described = file === undefined ? undefined : await loadFamily(file);
  if (described?.modelTypes.includes(config.model_type)) return described;
  const own = (config.subquad as { family?: unknown } | undefined)?.family;
  if (own !== undefined) return await describedFamily(own, { locate: () => `${path}: subquad.family` });
  const family = await familyOf(config.model_type);
  if (family !== undefined) return family;
  if (described !== undefined) {
    throw new FormatError(
      path,
      `is of type "${config.model_type}", which ${file} does not describe (model_types: ${described.modelTypes.join(", ")})`,
    );
  }
  const known = (await knownFamilies()).flatMap((each) => each.modelTypes).join(", ");
  throw new FormatError(
    path,
    `models of type "${config.model_type}" are not known (known: ${known}); where it is one of these with other names or choices, describe it in a YAML file and give that with --family (docs/families.md)`,
  );
}
