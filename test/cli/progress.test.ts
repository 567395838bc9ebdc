import { describe, expect, test } from "vitest";
import { terminalReporter } from "../../src/cli/progress.ts";
import type { Terminal } from "../../src/cli/terminal.ts";
import { Collected } from "./harness.ts";

/** A reporter on a collected stream with a clock that the test moves. */
function watched(isTTY: boolean, variables: Record<string, string> = {}) {
  const errors = new Collected(isTTY);
  const output = new Collected();
  const terminal: Terminal = { input: process.stdin, output, errors, variables };
  const clock = { milliseconds: 0 };
  return { reporter: terminalReporter(terminal, () => clock.milliseconds), clock, errors, output };
}

describe("without a terminal", () => {
  test("short work shows nothing", () => {
    const { reporter, clock, errors } = watched(false);
    const stage = reporter.stage("transfer", { tokens: 1000 });
    for (clock.milliseconds = 0; clock.milliseconds < 1900; clock.milliseconds += 100) stage.update({ done: 500 });
    stage.end();
    expect(errors.text).toBe("");
  });

  test("long work shows a line now and then, and its last state", () => {
    const { reporter, clock, errors, output } = watched(false);
    const stage = reporter.stage("transfer", { tokens: 300_000, steps: 40 });
    for (let done = 0; done <= 300_000; done += 10_000) {
      clock.milliseconds = done / 5;
      stage.update({ done, loss: 1 / (1 + done / 1e5), tokensPerSecond: 5000 });
    }
    stage.end();
    expect(errors.text).toMatchInlineSnapshot(`
      "transfer: 10k of 300k tokens (3.33 %), 5000 tokens/s, loss 0.9091, 58 s left
      transfer: 90k of 300k tokens (30 %), 5000 tokens/s, loss 0.5263, 42 s left
      transfer: 170k of 300k tokens (56.7 %), 5000 tokens/s, loss 0.3704, 26 s left
      transfer: 250k of 300k tokens (83.3 %), 5000 tokens/s, loss 0.2857, 10 s left
      transfer: 300k of 300k tokens (100 %), 5000 tokens/s, loss 0.25, 0 s left
      "
    `);
    expect(output.text).toBe("");
  });

  test("a resumed stage estimates its end by what it does, not by what was done before", () => {
    const { reporter, clock, errors } = watched(false);
    const stage = reporter.stage("transfer", { tokens: 100_000 });
    clock.milliseconds = 1000;
    stage.update({ done: 80_000 });
    clock.milliseconds = 11_000;
    stage.update({ done: 81_000 });
    stage.end();
    expect(errors.text).toBe("transfer: 81k of 100k tokens (81 %), 3 min 10 s left\n");
  });

  test("the first line of a resumed stage goes by the speed that is reported", () => {
    const { reporter, clock, errors } = watched(false);
    const stage = reporter.stage("transfer", { tokens: 100_000 });
    clock.milliseconds = 20_000;
    stage.update({ done: 81_000, tokensPerSecond: 100 });
    stage.end();
    expect(errors.text).toBe("transfer: 81k of 100k tokens (81 %), 100 tokens/s, 3 min 10 s left\n");
  });

  test("rows are shown with how many are done in a second", () => {
    const { reporter, clock, errors } = watched(false);
    const stage = reporter.stage("tasks", { rows: 500 });
    clock.milliseconds = 1000;
    stage.update({ done: 0 });
    clock.milliseconds = 21_000;
    stage.update({ done: 150.4 });
    stage.end();
    expect(errors.text).toBe("tasks: 150 of 500 rows (30.1 %), 7.52 rows/s, 46 s left\n");
  });

  test("work without an end is counted", () => {
    const { reporter, clock, errors } = watched(false);
    const stage = reporter.stage("reading", {});
    clock.milliseconds = 3000;
    stage.update({ done: 12_345 });
    stage.end();
    expect(errors.text).toBe("reading: 12.3k tokens\n");
  });

  test("notes and warnings are lines of their own", () => {
    const { reporter, errors } = watched(false);
    reporter.note("written to out");
    reporter.warn("the text is short");
    expect(errors.text).toBe("written to out\nwarning: the text is short\n");
  });
});

describe("on a terminal", () => {
  test("long work is a bar with speed, loss and the time left", () => {
    const { reporter, clock, errors } = watched(true, { NO_COLOR: "1", TERM: "xterm" });
    const stage = reporter.stage("finetune", { steps: 40 });
    clock.milliseconds = 5000;
    stage.update({ done: 10, loss: 3.21987, tokensPerSecond: 820 });
    reporter.note("a checkpoint");
    stage.end();
    expect(errors.text).toContain("finetune");
    expect(errors.text).toContain("25 %  10 of 40  820 tokens/s  loss 3.22  15 s left");
    expect(errors.text).toContain("a checkpoint\n");
  });

  test("is coloured, unless NO_COLOR says otherwise", () => {
    const coloured = watched(true, { TERM: "xterm" });
    coloured.reporter.warn("careful");
    expect(coloured.errors.text).toContain("\u001b[33m");
    const plain = watched(true, { NO_COLOR: "1" });
    plain.reporter.warn("careful");
    expect(plain.errors.text).toBe("warning: careful\n");
  });

  test("a build machine gets lines", () => {
    const { reporter, clock, errors } = watched(true, { CI: "true" });
    const stage = reporter.stage("finetune", { steps: 40 });
    clock.milliseconds = 5000;
    stage.update({ done: 10 });
    stage.end();
    expect(errors.text).toBe("finetune: 10 of 40 steps (25 %), 15 s left\n");
  });
});
