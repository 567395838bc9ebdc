/** Stages before and after a mixer's branches. */
import type { MixerSizes, StateLayout } from "./contract.ts";
import type { Parameters } from "./parameter.ts";

/** What a stage declares. */
export interface Stage {
  parameters(sizes: MixerSizes): Parameters;
  state(sizes: MixerSizes): StateLayout;
  /** Why no form can be built with it; absent where all can. */
  readonly unavailable?: string;
}
