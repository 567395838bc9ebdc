/** What a model is measured beside: its teacher, and itself with a part taken away. */
import { isConverted, type Model } from "../inference/model.ts";
import type { Ablation } from "../model/mixer-block.ts";

/** Ablations by the names they are reported under. */
const ablations: Readonly<Record<"window_only" | "linear_only" | "neither", Ablation>> = {
  window_only: { linear: 0 },
  linear_only: { window: 1e-9 },
  neither: { output: 0 },
};

/** The names figures are reported under. */
export type VariantName = "model" | "teacher" | keyof typeof ablations;

/** A figure for each variant; null where it was not measured. */
export type Figures = Readonly<Record<VariantName, number | null>>;

/** One of the models that are compared. */
export interface Variant {
  readonly name: VariantName;
  readonly model: Model;
  readonly ablation: Ablation;
}

/** The model, its teacher where there is one, and the ablations of a converted model where they are wanted. */
export function variantsOf(wanted: {
  readonly model: Model;
  readonly teacher?: Model | undefined;
  readonly ablations: boolean;
}): Variant[] {
  const { model, teacher } = wanted;
  const variants: Variant[] = [{ name: "model", model, ablation: {} }];
  if (teacher !== undefined) variants.push({ name: "teacher", model: teacher, ablation: {} });
  if (!wanted.ablations || !isConverted(model)) return variants;
  const ablated = (["window_only", "linear_only", "neither"] as const).map(
    (name): Variant => ({ name, model, ablation: ablations[name] }),
  );
  return [...variants, ...ablated];
}

/** One figure of every variant, by the variants' names. */
export function figures(measured: Partial<Readonly<Record<VariantName, number | null>>>): Figures {
  const { model = null, teacher = null, window_only = null, linear_only = null, neither = null } = measured;
  return { model, teacher, window_only, linear_only, neither };
}
