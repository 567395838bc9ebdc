/** Names of tensors, from the names of the modules they belong to. */
import type { ModelRole } from "./architecture.ts";
import type { LayerRole, Matrix, NormRole } from "./block.ts";

type Names<Role extends string> = Readonly<Partial<Record<Role, string>>>;

function withBiases(prefix: string, modules: Names<string>): Record<string, string> {
  const entries = Object.entries(modules).flatMap(([role, name]) => [
    [role, `${prefix}${name}.weight`],
    [`${role}Bias`, `${prefix}${name}.bias`],
  ]);
  return Object.fromEntries(entries);
}

/** The weights and biases of a block's modules; `{layer}` in the prefix stands for the block's number. */
export function layerNames(prefix: string, modules: Names<Matrix | NormRole>): Names<LayerRole> {
  return withBiases(prefix, modules);
}

/** The weights and biases of the modules outside the blocks. */
export function modelNames(modules: Names<Exclude<ModelRole, `${string}Bias`>>): Names<ModelRole> {
  return withBiases("", modules);
}
