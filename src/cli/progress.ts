/** Progress on stderr: a bar where somebody watches, a line now and then where nobody does, nothing for short work. */
import { SingleBar } from "cli-progress";
import pc from "picocolors";
import type { Reporter, StageProgress, StageUpdate } from "../pipeline/contract.ts";
import { count, duration, measured, percent } from "../units.ts";
import { isColoured, isWatched, type Terminal } from "./terminal.ts";

/** Work that ends sooner than this shows no progress, in milliseconds. */
const QUIET = 2000;

/** Milliseconds between lines where there is no bar. */
const INTERVAL = 15_000;

type Total = Parameters<Reporter["stage"]>[1];

/** What a stage has reported so far, against its total. */
interface Standing {
  readonly name: string;
  readonly unit: "tokens" | "steps" | "rows";
  readonly total: number | undefined;
  readonly update: StageUpdate;
  /** Since the stage began. */
  readonly seconds: number;
  /** Seconds to its end at the speed since its first report; undefined where neither can be known. */
  readonly left: number | undefined;
  /** Units per second since its first report. */
  readonly rate: number | undefined;
}

/** A reporter on the terminal's error stream. `now` is the clock, in milliseconds. */
export function terminalReporter(terminal: Terminal, now: () => number = Date.now): Reporter {
  const colours = pc.createColors(isColoured(terminal));
  let open: StageView | undefined;
  const say = (text: string): void => {
    open?.hide();
    terminal.errors.write(`${text}\n`);
  };
  return {
    stage(name, total) {
      open?.end();
      const view = isWatched(terminal) ? new BarView(terminal, colours.cyan(name)) : new LineView(terminal, now);
      open = view;
      const standing = tracker(name, total, now);
      return {
        update: (update) => {
          const current = standing(update);
          if (current.seconds * 1000 >= QUIET) view.show(current);
        },
        end: () => {
          view.end();
          if (open === view) open = undefined;
        },
      } satisfies StageProgress;
    },
    note: (message) => say(message),
    warn: (message) => say(`${colours.yellow("warning:")} ${message}`),
  };
}

/** One line about a stage: `transfer: 120k of 300k tokens (40 %), 820 tokens/s, loss 0.123, 3 min left`. */
export function standingText(standing: Standing): string {
  const { name, unit, total, update } = standing;
  const share = total !== undefined && total > 0 ? Math.min(1, update.done / total) : undefined;
  return [
    share === undefined
      ? `${name}: ${count(update.done)} ${unit}`
      : `${name}: ${count(update.done)} of ${count(total ?? 0)} ${unit} (${percent(share)})`,
    ...details(standing),
  ].join(", ");
}

function details({ update, left, unit, rate }: Standing): string[] {
  const { loss, tokensPerSecond } = update;
  return [
    ...(unit === "rows" && rate !== undefined ? [`${measured(rate, 3)} rows/s`] : []),
    ...(tokensPerSecond === undefined ? [] : [`${count(tokensPerSecond)} tokens/s`]),
    ...(loss === undefined ? [] : [`loss ${measured(loss)}`]),
    ...(left === undefined ? [] : [`${duration(left)} left`]),
  ];
}

function tracker(name: string, { tokens, steps, rows }: Total, now: () => number): (update: StageUpdate) => Standing {
  const start = now();
  const other = steps === undefined ? "rows" : "steps";
  const unit = tokens === undefined && (steps ?? rows) !== undefined ? other : "tokens";
  const total = tokens ?? steps ?? rows;
  // A resumed stage begins with work that was done before: only what is done from here on tells the speed.
  let first: { readonly done: number; readonly seconds: number } | undefined;
  return (update) => {
    const seconds = (now() - start) / 1000;
    first ??= { done: update.done, seconds };
    const since = update.done > first.done ? first : { done: 0, seconds: 0 };
    // The first report of a resumed stage has nothing to be told from but the speed that it brings.
    const own = since !== first && unit === "tokens" ? update.tokensPerSecond : undefined;
    const pace = own ? 1 / own : (seconds - since.seconds) / (update.done - since.done);
    const left = total === undefined || update.done <= 0 ? undefined : Math.max(0, total - update.done) * pace;
    const rate = pace > 0 && Number.isFinite(pace) ? 1 / pace : undefined;
    return { name, unit, total, update, seconds, left, rate };
  };
}

/** How a stage looks. */
interface StageView {
  show(standing: Standing): void;
  /** Makes room for a line of text; the next `show` brings the view back. */
  hide(): void;
  end(): void;
}

class LineView implements StageView {
  readonly #terminal: Terminal;
  readonly #now: () => number;
  #last: number | undefined;
  #unsaid: Standing | undefined;

  constructor(terminal: Terminal, now: () => number) {
    this.#terminal = terminal;
    this.#now = now;
  }

  show(standing: Standing): void {
    const time = this.#now();
    this.#unsaid = standing;
    if (this.#last !== undefined && time - this.#last < INTERVAL) return;
    this.#last = time;
    this.#say();
  }

  hide(): void {}

  end(): void {
    this.#say();
  }

  #say(): void {
    if (this.#unsaid !== undefined) this.#terminal.errors.write(`${standingText(this.#unsaid)}\n`);
    this.#unsaid = undefined;
  }
}

class BarView implements StageView {
  readonly #terminal: Terminal;
  readonly #title: string;
  #bar: SingleBar | undefined;

  constructor(terminal: Terminal, title: string) {
    this.#terminal = terminal;
    this.#title = title;
  }

  show(standing: Standing): void {
    const { total, update } = standing;
    const payload = { done: count(update.done), details: details(standing).join("  ") };
    if (this.#bar !== undefined) {
      this.#bar.update(update.done, payload);
      return;
    }
    const amount = total === undefined ? `{done} ${standing.unit}` : `{bar} {percentage} %  {done} of ${count(total)}`;
    this.#bar = new SingleBar({
      // The bar asks for a whole stream; what it uses of it is what an output has.
      stream: this.#terminal.errors as NodeJS.WriteStream,
      format: `${this.#title}  ${amount}  {details}`,
      barCompleteChar: "█",
      barIncompleteChar: "░",
      barsize: 24,
      hideCursor: true,
      fps: 4,
      // The engine blocks the event loop, so the bar is drawn by updates rather than by a timer.
      synchronousUpdate: true,
      gracefulExit: false,
    });
    this.#bar.start(total ?? update.done, update.done, payload);
  }

  hide(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }

  end(): void {
    this.hide();
  }
}
