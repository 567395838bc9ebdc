/** What a verb is given besides its options: where to report, and the signal that asks it to stop. */

/** How far a stage of work is. */
export interface StageUpdate {
  /** Tokens, steps or rows finished so far, in the unit of the stage's total (tokens where it has both). */
  readonly done: number;
  /** The latest training loss, in the stage's own unit. */
  readonly loss?: number | undefined;
  readonly tokensPerSecond?: number | undefined;
}

/** One stage of work being reported. */
export interface StageProgress {
  /** Cheap enough to be called after every step: showing it is throttled by the reporter. */
  update(update: StageUpdate): void;
  /** Called once, also after a failure. */
  end(): void;
}

/** Where a verb reports what it is doing; nothing of it is part of the result. */
export interface Reporter {
  /** Opens a stage; without a total its progress is counted but has no end in sight. Stages do not overlap. */
  stage(
    name: string,
    total: {
      readonly tokens?: number | undefined;
      readonly steps?: number | undefined;
      /** Rows of tasks. */
      readonly rows?: number | undefined;
    },
  ): StageProgress;
  /** Something worth knowing: which file was chosen, where a checkpoint lies. */
  note(message: string): void;
  /** Something that may surprise the user, though the work goes on. */
  warn(message: string): void;
}

/** What every verb is given besides its options. */
export interface Context {
  readonly reporter: Reporter;
  /**
   * Aborted when the user wants to stop. A verb that can be resumed first writes its checkpoint; then every verb
   * rejects with `signal.reason` (`signal.throwIfAborted()`).
   */
  readonly signal: AbortSignal;
}

/** A verb of the pipeline: options in, one document out. */
export type Verb<Options, Document> = (options: Options, context: Context) => Promise<Document>;
