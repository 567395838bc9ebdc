/** Loops with a body of any operations: nonlinear recurrences, or the same work over many slices. */
import { formatShape, sameShape, type TensorType } from "../type.ts";
import { type Algebra, apply, type Backward, inputOf, type Node, type Operation, type Value } from "../value.ts";
import { topologicalOrder } from "../walk.ts";
import { type Body, isolate, placeholder } from "./body.ts";
import { reshape } from "./shape.ts";

/** What one step computes. */
export interface ScanStep {
  /** What the next step receives: one value for each carried one, of its type. */
  readonly carried: readonly Value[];
  /** What is kept of this step. */
  readonly outputs: readonly Value[];
}

/** A loop. */
export interface ScanOptions {
  /** What the first step receives. */
  readonly carried: readonly Value[];
  /** Values cut along their first axis, a slice for each step; at least one. */
  readonly sequences: readonly Value[];
  /** Walk the steps from the last to the first. */
  readonly reverse?: boolean;
  /** A step as an expression of the carried values it receives and of its slices; it may use any other value too. */
  readonly body: (carried: readonly Value[], slices: readonly Value[]) => ScanStep;
}

/** What a loop returns. */
export interface ScanResult {
  /** What the last step walked passes on. */
  readonly carried: readonly Value[];
  /** The steps' outputs, stacked on a new first axis. */
  readonly outputs: readonly Value[];
}

/**
 * Attributes of `scan`. The node's inputs, like the body's, are the carried values, the sequences and captured values; its
 * outputs are the carried values at the end, the steps' outputs and, stacked like these, the carried values each received.
 */
export interface ScanAttributes {
  /** How many values are carried. */
  readonly carried: number;
  /** How many sequences are cut. */
  readonly sequences: number;
  readonly reverse: boolean;
  /** Its outputs are the carried values that a step passes on, and the step's outputs. */
  readonly body: Body;
}

/** A value outside the loop and what stands for it inside. */
interface Binding {
  readonly outside: Value;
  readonly inside: Value;
}

/** What a loop reads, by how it does. */
interface Bindings<T = Binding> {
  readonly carried: readonly T[];
  readonly sequences: readonly T[];
  readonly captured: readonly T[];
}

function partsOf<T>(inputs: readonly T[], { carried, sequences }: ScanAttributes): Bindings<T> {
  const end = carried + sequences;
  return { carried: inputs.slice(0, carried), sequences: inputs.slice(carried, end), captured: inputs.slice(end) };
}

function bindCarried(outside: Value): Binding {
  return { outside, inside: placeholder(outside, "a carried value") };
}

function bindSequence(outside: Value): Binding {
  const slice = { dtype: outside.dtype, shape: outside.shape.slice(1) };
  return { outside, inside: placeholder(slice, "a slice") };
}

const insideOf = ({ inside }: Binding) => inside;
const outsideOf = ({ outside }: Binding) => outside;

function requireCarried(received: readonly TensorType[], passed: readonly TensorType[]): void {
  if (received.length !== passed.length)
    throw new Error(`a step receives ${received.length} carried values and passes on ${passed.length}`);
  received.forEach(({ dtype, shape }, index) => {
    const next = passed[index];
    if (next === undefined || next.dtype !== dtype || !sameShape(next.shape, shape)) {
      const becomes = `${next?.dtype} ${formatShape(next?.shape ?? [])}`;
      throw new Error(`carried value ${index} is ${dtype} ${formatShape(shape)} and becomes ${becomes}`);
    }
  });
}

function stepsOf(sequences: readonly TensorType[]): number {
  const [steps = 0] = sequences[0]?.shape ?? [];
  if (steps < 1) throw new Error("a scan needs a sequence of at least one step");
  const other = sequences.find(({ shape }) => shape[0] !== steps);
  if (other !== undefined) throw new Error(`${formatShape(other.shape)} is no sequence of ${steps} steps`);
  return steps;
}

const scanOperation: Operation<ScanAttributes> = {
  name: "scan",
  costly: () => true,
  key: () => undefined,
  infer: (inputs, attributes) => {
    const { carried, sequences } = partsOf(inputs, attributes);
    const steps = stepsOf(sequences);
    const { outputs } = attributes.body;
    requireCarried(carried, outputs.slice(0, carried.length));
    const kept = [...outputs.slice(carried.length), ...carried];
    return [...carried, ...kept.map(({ dtype, shape }) => ({ dtype, shape: [steps, ...shape] }))];
  },
  gradient: differentiate,
  emit: (emitter, node, attributes) => {
    const { body, carried: count, sequences } = attributes;
    const [inside, outside] = [partsOf(body.inputs, attributes), partsOf(emitter.inputs(node), attributes)];
    const names = emitter.outputs(node);
    // The operator needs its final states even where nobody reads them.
    const finals = names.slice(0, count).map((name) => (name === "" ? emitter.temporary() : name));
    const kept = [...body.outputs.slice(count), ...inside.carried].flatMap((value, index) => {
      const name = names[count + index] ?? "";
      return name === "" ? [] : [{ name, value }];
    });
    const results = [...body.outputs.slice(0, count), ...kept.map(({ value }) => value)];
    const captured = new Map(inside.captured.map((value, index) => [value, outside.captured[index] ?? ""]));
    const direction = Number(attributes.reverse);
    emitter.node("Scan", [...outside.carried, ...outside.sequences], [...finals, ...kept.map(({ name }) => name)], {
      body: emitter.body([...inside.carried, ...inside.sequences], results, captured),
      num_scan_inputs: sequences,
      scan_input_directions: inside.sequences.map(() => direction),
      scan_output_directions: kept.map(() => direction),
    });
  },
};

/** The node of a loop whose step is known in terms of what stands inside for the values outside. */
function assemble({ carried, sequences, captured }: Bindings, step: ScanStep, reverse: boolean): Node {
  const known = [...carried, ...sequences, ...captured];
  const isolated = isolate(known.map(insideOf), [...step.carried, ...step.outputs]);
  const attributes = { carried: carried.length, sequences: sequences.length, reverse, body: isolated.body };
  return apply(scanOperation, [...known.map(outsideOf), ...isolated.captured], attributes);
}

/** The loop walked back: each step is differentiated at the carried values it received. */
function differentiate(backward: Backward<ScanAttributes>, g: Algebra): readonly (Value | undefined)[] {
  const { attributes, gradients, needed } = backward;
  const { body, carried: count, reverse } = attributes;
  const all = backward.inputs.map((outside, index) => ({ outside, inside: inputOf(body, index) }));
  const { carried, sequences, captured } = partsOf<Binding>(all, attributes);
  const isReal = ({ outside }: Binding) => outside.dtype === "float32";
  const isWanted = (binding: Binding) => isReal(binding) && needed[all.indexOf(binding)] === true;
  const [real, shared, read] = [carried.filter(isReal), captured.filter(isWanted), sequences.filter(isWanted)];
  const zeros = ({ shape }: Value) => g.broadcastTo(g.scalar(0), shape);

  // What flows into a step's results: from the step after it, into its outputs, and into what it received as an output.
  const upstream = gradients.map((given, index) => {
    const binding = carried[index];
    if (binding === undefined) return given && bindSequence(given);
    return isReal(binding) ? bindCarried(given ?? zeros(binding.outside)) : undefined;
  });
  const seeds = body.outputs.flatMap((value, index) => {
    const into = upstream[index];
    return into === undefined ? [] : [{ value, gradient: into.inside }];
  });
  const intoReceived = (binding: Binding) => upstream[body.outputs.length + carried.indexOf(binding)]?.inside ?? 0;
  const parts = backward.differentiate(seeds, [...real, ...shared, ...read].map(insideOf));
  const sums = shared.map(({ outside }) => bindCarried(zeros(outside)));
  const step = {
    carried: [
      ...real.map((binding, index) => g.add(parts[index] ?? 0, intoReceived(binding))),
      ...sums.map(({ inside }, index) => g.add(inside, parts[real.length + index] ?? 0)),
    ],
    outputs: parts.slice(real.length + shared.length),
  };
  const received = carried.map(({ inside }, index) => ({
    outside: inputOf({ inputs: backward.outputs }, body.outputs.length + index),
    inside,
  }));
  const reached = new Set(topologicalOrder([...step.carried, ...step.outputs]));
  const isReached = ({ inside }: Binding) => reached.has(inside.node);
  const flowing = upstream.slice(0, count).filter((binding) => binding !== undefined);
  const cut = [...received, ...sequences, ...upstream.slice(count).filter((binding) => binding !== undefined)];
  const bindings = {
    carried: [...flowing, ...sums],
    // A loop counts its steps by a sequence, even where it reads none.
    sequences: cut.some(isReached) ? cut.filter(isReached) : sequences.slice(0, 1),
    captured: captured.filter(isReached),
  };
  const { outputs } = assemble(bindings, step, !reverse);
  const found = new Map([...real, ...shared, ...read].map((binding, index) => [binding, outputs[index]]));
  return all.map((binding) => found.get(binding));
}

/**
 * A loop over the slices of `sequences` along their first axis: each step receives the carried values that the step before
 * it passes on, and adds a row to every output. Integers and booleans get no gradient. `linearScan` is faster where it fits.
 */
export function scan({ carried, sequences, reverse = false, body }: ScanOptions): ScanResult {
  const bindings = { carried: carried.map(bindCarried), sequences: sequences.map(bindSequence), captured: [] };
  const step = body(bindings.carried.map(insideOf), bindings.sequences.map(insideOf));
  const { outputs, inputs } = assemble(bindings, step, reverse);
  const end = carried.length + step.outputs.length;
  if (inputs[carried.length]?.shape[0] !== 1)
    return { carried: outputs.slice(0, carried.length), outputs: outputs.slice(carried.length, end) };
  // One step needs no loop.
  const slices = sequences.map((value) => reshape(value, value.shape.slice(1)));
  const only = body(carried, slices);
  return { carried: only.carried, outputs: only.outputs.map((value) => reshape(value, [1, ...value.shape])) };
}
