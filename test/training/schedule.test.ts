/** Learning-rate schedules at the points that define them. */
import { expect, test } from "vitest";
import { createSchedule } from "../../src/training/schedule.ts";

test("cosine warms up, starts at the rate, passes the middle and ends at the minimum", () => {
  const schedule = createSchedule({ kind: "cosine", minimum: 0.1, warmup: 4 }, 1, 104);
  expect([0, 1, 3].map((step) => schedule.rate(step))).toEqual([0.25, 0.5, 1]);
  expect(schedule.rate(4)).toBe(1);
  expect(schedule.rate(54)).toBeCloseTo(0.55, 12);
  expect(schedule.rate(104)).toBeCloseTo(0.1, 12);
});

test("a plateau lowers the rate once more evaluations than its patience bring nothing, not below its minimum", () => {
  const schedule = createSchedule({ kind: "plateau", factor: 0.1, patience: 2, minimum: 0.05, warmup: 0 }, 1, 100);
  schedule.observe(5);
  for (let i = 0; i < 2; i++) schedule.observe(5);
  expect(schedule.rate(0)).toBe(1);
  schedule.observe(5);
  expect(schedule.rate(0)).toBeCloseTo(0.1, 12);
  schedule.observe(4);
  for (let i = 0; i < 3; i++) schedule.observe(4);
  expect(schedule.rate(0)).toBe(0.05);
});

test("a state carried over goes on", () => {
  const settings = { kind: "plateau", factor: 0.5, patience: 0, minimum: 0, warmup: 0 } as const;
  const [one, other] = [createSchedule(settings, 1, 10), createSchedule(settings, 1, 10)];
  one.observe(1);
  one.observe(1);
  other.state = one.state;
  expect(other.rate(0)).toBe(0.5);
});
