/** Sums of tensors by name: gradients of several micro-batches, or of several chunks of one. */
import { add, input, type Program, program, type Shape } from "../graph/index.ts";
import type { Engine, Tensor, Tensors } from "../runtime/index.ts";

/** The sums of two sets of float32 tensors of the same names and shapes. */
export async function sumTensors(engine: Engine, left: Tensors, right: Tensors): Promise<Tensors> {
  const shapes = Object.entries(left).map(([name, { shape }]) => [name, shape] as const);
  const summed = await engine.cached(`sum ${JSON.stringify(shapes)}`, () => sumProgram(shapes));
  const feeds: Record<string, Tensor> = {};
  for (const [side, tensors] of Object.entries({ left, right })) {
    for (const [name, tensor] of Object.entries(tensors)) feeds[`${side}.${name}`] = tensor;
  }
  return await summed.run(feeds);
}

function sumProgram(shapes: readonly (readonly [string, Shape])[]): Program {
  return program(
    Object.fromEntries(
      shapes.map(([name, shape]) => [name, add(input(`left.${name}`, shape), input(`right.${name}`, shape))]),
    ),
  );
}
