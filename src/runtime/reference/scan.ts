/** The interpreter's recurrences. */
import { type LinearScanAttributes, type ScanAttributes, sizeOf } from "../../graph/index.ts";
import { elementwise, fill, type Kernel, take } from "./loops.ts";
import { matmul } from "./matmul.ts";

const product = elementwise(([a = 0, b = 0]) => a * b);

/** S ← factor · S + written, keeping every state a step received. */
export const linearScan: Kernel = (inputs, attributes, node, evaluate) => {
  const { matrix, reverse, transposed } = attributes as LinearScanAttributes;
  const [factors, written, initial] = [take(inputs[0]), take(inputs[1]), take(inputs[2])];
  const [steps = 0, ...factorShape] = factors.shape;
  const [factorSize, size] = [sizeOf(factorShape), sizeOf(initial.shape)];
  const before = fill(written.shape, 0);
  let state = initial;
  for (let walked = 0; walked < steps; walked++) {
    const step = reverse ? steps - 1 - walked : walked;
    before.data.set(state.data, step * size);
    const factor = { shape: factorShape, data: factors.data.subarray(step * factorSize, (step + 1) * factorSize) };
    const [carried] = matrix
      ? matmul([factor, state], { transposeA: transposed, transposeB: false, scale: 1 }, node, evaluate)
      : product([factor, state], {}, node, evaluate);
    const data = take(carried).data.map((x, place) => x + (written.data[step * size + place] ?? 0));
    state = { shape: initial.shape, data };
  }
  return [before, state];
};

/** A loop's body, evaluated at each step. */
export const scan: Kernel = (inputs, attributes, node, evaluate) => {
  const { carried, sequences, reverse, body } = attributes as ScanAttributes;
  const [cut, captured] = [inputs.slice(carried, carried + sequences), inputs.slice(carried + sequences)];
  const steps = take(cut[0]).shape[0] ?? 0;
  const stacks = node.outputs.slice(carried).map(({ shape }) => fill(shape, 0));
  let states = inputs.slice(0, carried);
  for (let walked = 0; walked < steps; walked++) {
    const step = reverse ? steps - 1 - walked : walked;
    const slices = cut.map(({ shape: [, ...shape], data }) => {
      const size = sizeOf(shape);
      return { shape, data: data.subarray(step * size, (step + 1) * size) };
    });
    const given = [...states, ...slices, ...captured];
    const results = evaluate(body, given);
    [...results.slice(carried), ...states].forEach(({ data }, index) => {
      stacks[index]?.data.set(data, step * data.length);
    });
    states = results.slice(0, carried);
  }
  return [...states, ...stacks];
};
