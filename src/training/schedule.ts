/** Learning-rate schedules: a factor of the base rate by step, with what a resumed run must remember. */

/** A schedule as data. */
export type ScheduleSettings = { readonly warmup: number } & (
  | { readonly kind: "constant" }
  | { readonly kind: "cosine"; readonly minimum: number }
  | { readonly kind: "plateau"; readonly factor: number; readonly patience: number; readonly minimum: number }
);

/** What a schedule remembers between steps. */
export interface ScheduleState {
  readonly scale: number;
  readonly best: number | null;
  readonly bad: number;
}

/** A schedule in progress. */
export interface Schedule {
  /** The learning rate of a step (from 0). */
  rate(step: number): number;
  /** Tells the held-out loss of an evaluation. */
  observe(loss: number): void;
  state: ScheduleState;
}

/** Improvement, relative to the best loss, that a plateau counts as progress (as torch's ReduceLROnPlateau). */
const threshold = 1e-4;

/** A schedule over `steps` optimizer steps at the base rate `learningRate`. */
export function createSchedule(settings: ScheduleSettings, learningRate: number, steps: number): Schedule {
  const decay = (step: number, scale: number) => {
    if (settings.kind === "plateau") return Math.max(scale * learningRate, settings.minimum);
    if (settings.kind === "constant") return learningRate;
    const progress = (step - settings.warmup) / Math.max(steps - settings.warmup, 1);
    const cosine = (1 + Math.cos(Math.PI * Math.min(Math.max(progress, 0), 1))) / 2;
    return settings.minimum + (learningRate - settings.minimum) * cosine;
  };
  return {
    state: { scale: 1, best: null, bad: 0 },
    rate(step) {
      const rate = decay(step, this.state.scale);
      return step < settings.warmup ? (rate * (step + 1)) / settings.warmup : rate;
    },
    observe(loss) {
      if (settings.kind !== "plateau") return;
      const { scale, best, bad } = this.state;
      if (best === null || loss < best * (1 - threshold)) this.state = { scale, best: loss, bad: 0 };
      else if (bad + 1 > settings.patience) this.state = { scale: scale * settings.factor, best, bad: 0 };
      else this.state = { scale, best, bad: bad + 1 };
    },
  };
}
