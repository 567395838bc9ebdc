/** A linear recurrence over states: what carries a mixer's memory from one chunk of tokens to the next. */
import { broadcastShapes, formatShape, type Shape, sameShape } from "../type.ts";
import { apply, inputOf, type Operation, outputOf, requireDType, type Value } from "../value.ts";
import { add, multiply } from "./binary.ts";
import { matmul } from "./matmul.ts";
import { reshape } from "./shape.ts";
import { input } from "./source.ts";

/** How the states of a `linearScan` follow from each other. */
export interface LinearScanOptions {
  /** Factors are matrices that multiply the state from the left, instead of element by element. */
  readonly matrix?: boolean;
  /** The steps are walked from the last to the first. */
  readonly reverse?: boolean;
  /** Matrices multiply as their transposes. */
  readonly transposed?: boolean;
}

/** Attributes of `linearScan`. */
export type LinearScanAttributes = Required<LinearScanOptions>;

function inputsOf(inputs: readonly Value[]): [factors: Value, written: Value, initial: Value] {
  return [inputOf({ inputs }, 0), inputOf({ inputs }, 1), inputOf({ inputs }, 2)];
}

function factorsFit(factors: Shape, state: Shape, matrix: boolean): boolean {
  const kept = matrix ? state.slice(0, -2) : state;
  const [rows = 0] = state.slice(-2);
  const [own, square] = matrix ? [factors.slice(0, -2), factors.slice(-2)] : [factors, []];
  const common = broadcastShapes(own, kept);
  if (factors.length !== state.length || common === undefined || !sameShape(common, kept)) return false;
  return !matrix || (state.length >= 2 && sameShape(square, [rows, rows]));
}

/** One step: factor · state + written. */
function step(factor: Value, state: Value, written: Value, { matrix, transposed }: LinearScanAttributes): Value {
  return add(matrix ? matmul(factor, state, { transposeA: transposed }) : multiply(factor, state), written);
}

const linearScanOperation: Operation<LinearScanAttributes> = {
  name: "linearScan",
  costly: () => true,
  infer: (inputs, { matrix }) => {
    for (const value of inputs) requireDType(value, "float32");
    const [factors, written, initial] = inputsOf(inputs);
    const [steps = 0] = written.shape;
    if (steps < 1 || !sameShape(written.shape, [steps, ...initial.shape]))
      throw new Error(`${formatShape(written.shape)} is not one written state ${formatShape(initial.shape)} per step`);
    if (factors.shape[0] !== steps || !factorsFit(factors.shape.slice(1), initial.shape, matrix))
      throw new Error(`factors ${formatShape(factors.shape)} do not fit ${steps} steps of the state`);
    return [written, initial];
  },
  gradient: ({ inputs, outputs, gradients, attributes }, g) => {
    const { matrix, reverse, transposed } = attributes;
    const [factors, written, initial] = inputsOf(inputs);
    const before = inputOf({ inputs: outputs }, 0);
    const forBefore = gradients[0] ?? g.broadcastTo(g.scalar(0), written.shape);
    const forFinal = gradients[1] ?? g.broadcastTo(g.scalar(0), initial.shape);
    // The state a step receives on the way back is the gradient of the state it left on the way forth.
    const back = g.linearScan(factors, forBefore, forFinal, { matrix, reverse: !reverse, transposed: !transposed });
    const [left, right] = transposed ? [before, back.before] : [back.before, before];
    const forFactors = matrix ? g.matmul(left, right, { transposeB: true }) : g.multiply(left, right);
    return [g.sumTo(forFactors, factors.shape), back.before, back.final];
  },
  emit: (emitter, node, attributes) => {
    const [factors = "", written = "", initial = ""] = emitter.inputs(node);
    const [before = "", final = ""] = emitter.outputs(node);
    const [state, factor, write] = [
      input("state", inputOf(node, 2).shape),
      input("factor", inputOf(node, 0).shape.slice(1)),
      input("written", inputOf(node, 2).shape),
    ];
    const next = step(factor, state, write, attributes);
    const kept = before === "" ? [] : [state];
    const direction = Number(attributes.reverse);
    emitter.node(
      "Scan",
      [initial, factors, written],
      // The operator needs its final state even where nobody reads it.
      [final === "" ? emitter.temporary() : final, ...(before === "" ? [] : [before])],
      {
        body: emitter.body([state, factor, write], [next, ...kept]),
        num_scan_inputs: 2,
        scan_input_directions: [direction, direction],
        scan_output_directions: kept.map(() => direction),
      },
    );
  },
};

/** The result of `linearScan`. */
export interface LinearScanResult {
  /** The state each step received, `[steps, …state]`. */
  readonly before: Value;
  /** The state after the last step walked, `[…state]`. */
  readonly final: Value;
}

/**
 * S ← factor · S + written, step by step along axis 0 of `factors` and `written`, from the state `initial`.
 * Factors `[steps, …]` repeat to the state's shape and multiply element by element; with `matrix` they are
 * `[steps, …, rows, rows]` and multiply states `[…, rows, columns]`. `written` is `[steps, …state]`. With `reverse`
 * the last step is walked first, and `before` at a step is still the state that this step received.
 */
export function linearScan(
  factors: Value,
  written: Value,
  initial: Value,
  { matrix = false, reverse = false, transposed = false }: LinearScanOptions = {},
): LinearScanResult {
  const attributes = { matrix, reverse, transposed };
  const node = apply(linearScanOperation, [factors, written, initial], attributes);
  if (written.shape[0] !== 1) return { before: outputOf(node, 0), final: outputOf(node, 1) };
  const [factor, write] = [factors, written].map((value) => reshape(value, value.shape.slice(1))) as [Value, Value];
  return { before: reshape(initial, written.shape), final: step(factor, initial, write, attributes) };
}
