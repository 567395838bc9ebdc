/** A trainee's gradient against the change of its loss. */
import { expect } from "vitest";
import { type FloatTensor, floatsOf } from "../../src/runtime/index.ts";
import type { TokenWindow } from "../../src/training/data-order.ts";
import type { Trainee } from "../../src/training/loop.ts";

/**
 * Expects the gradient of a parameter to be the loss's slope along it, within 2 %: along the gradient itself the loss changes
 * fastest, so float32 resolves the difference. `factor` is what the reported loss is less than the one of the gradients.
 */
export async function expectSlope(
  trainee: Trainee,
  window: TokenWindow,
  groupName: string,
  name: string,
  factor = 1,
  step = 0.02,
): Promise<void> {
  const { gradients } = await trainee.gradients(window, 1);
  const group = trainee.optimizer.groups.get(groupName);
  const gradient = floatsOf(gradients.get(groupName)?.[name] as FloatTensor);
  const parameter = group?.parameters[name];
  if (group === undefined || parameter === undefined) throw new Error(`no ${name}`);
  const norm = Math.hypot(...gradient);
  const lossAt = async (along: number) => {
    const moved = parameter.data.map((value, index) => value + (along * (gradient[index] ?? 0)) / norm);
    group.parameters = { ...group.parameters, [name]: { ...parameter, data: moved } };
    const { loss } = await trainee.gradients(window, 1);
    group.parameters = { ...group.parameters, [name]: parameter };
    return loss * factor;
  };
  const slope = ((await lossAt(step)) - (await lossAt(-step))) / (2 * step);
  expect(Math.abs(slope / norm - 1), name).toBeLessThan(0.02);
}
