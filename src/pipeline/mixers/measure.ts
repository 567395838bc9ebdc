/** One mixer at one length: its programs, what they hold, and how long they take. */
import { gradient, input, type Program, program } from "../../graph/index.ts";
import { chunked, type Form, type MixerSizes, type MixerSpec, parallel, planMixer, step } from "../../mixers/index.ts";
import { type Engine, zeros } from "../../runtime/index.ts";
import { mixerVariables, type randomFeeds } from "./inputs.ts";
import { peakTensorBytes } from "./program-memory.ts";

/** The form that trains: chunked where there is one, else the quadratic one. */
export type TrainingForm = Extract<Form, "chunked" | "parallel">;

/** A mixer's programs at one length. */
export interface MixerPrograms {
  readonly form: TrainingForm;
  readonly forward: Program;
  /** Forward and backward at once: gradients for tokens, streams and parameters. */
  readonly backward: Program;
  /** One token from the state of a sequence of the length before it; undefined without that form. */
  readonly step: Program | undefined;
  /** The most bytes of tensors alive at once, in the largest of them. */
  readonly tensorBytes: number;
}

/** Builds the programs of a mixer, a sequence of `sizes.length` tokens. Throws a MixerError where it has no form that trains. */
export function mixerPrograms(spec: MixerSpec, sizes: MixerSizes): MixerPrograms {
  const { forms } = planMixer(spec, sizes);
  const form = forms.chunked === undefined ? "chunked" : "parallel";
  const { inputs, floats } = mixerVariables(spec, sizes);
  const { output } = (form === "chunked" ? chunked : parallel)(spec, inputs);
  const seed = { value: output, gradient: input("gradient", output.shape) };
  const gradients = gradient([seed], Object.values(floats));
  const names = Object.keys(floats);
  const forward = program({ output });
  const backward = program(Object.fromEntries(gradients.map((value, index) => [`gradient.${names[index]}`, value])));
  return {
    form,
    forward,
    backward,
    step: forms.step === undefined ? stepProgram(spec, sizes) : undefined,
    tensorBytes: Math.max(...[forward, backward].map(peakTensorBytes)),
  };
}

function stepProgram(spec: MixerSpec, sizes: MixerSizes): Program {
  const { inputs } = mixerVariables(spec, { ...sizes, length: 1 }, sizes.length);
  const { output, state = {} } = step(spec, inputs);
  const next = Object.entries(state).map(([name, value]) => [`next.${name}`, value] as const);
  return program({ output, ...Object.fromEntries(next) });
}

/** How often and how long something is timed. */
export interface TimingLimits {
  /** Runs after the one that warms up. */
  readonly repeats: number;
  /** Runs end early once they have taken so long, in seconds; there is always one. */
  readonly seconds: number;
}

/** The median of a program's runs. */
export interface Timing {
  readonly seconds: number;
  readonly runs: number;
}

/** Compiles a program, runs it once to warm up, then times it; it is given back before the next is compiled. */
export async function timeProgram(
  engine: Engine,
  made: Program,
  feeds: ReturnType<typeof randomFeeds>,
  { repeats, seconds }: TimingLimits,
): Promise<Timing> {
  try {
    const executable = await engine.compile(made);
    const into = Object.fromEntries(Object.entries(executable.outputs).map(([name, type]) => [name, zeros(type)]));
    const run = async () => {
      const began = performance.now();
      await executable.run(feeds, into);
      return (performance.now() - began) / 1000;
    };
    await run();
    const times: number[] = [];
    let spent = 0;
    while (times.length < repeats && (times.length === 0 || spent < seconds)) {
      const time = await run();
      times.push(time);
      spent += time;
    }
    return { seconds: median(times), runs: times.length };
  } finally {
    await engine.release();
  }
}

/** The middle of a list, or the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low = 0, high = 0] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return (low + high) / 2;
}
