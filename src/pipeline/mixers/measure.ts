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
  /** Runs after those that warm up; more where they are short. */
  readonly repeats: number;
  /** Runs go on for at least the first of these seconds, and end once they have taken the second; there is always one. */
  readonly seconds: readonly [least: number, most: number];
}

/** The median of a program's runs. */
export interface Timing {
  readonly seconds: number;
  readonly runs: number;
}

/** A run that is not faster than this share of the one before it is warm: memory is often slow when it is new to the process. */
const settled = 0.9;

/** Compiles a program, warms it up, then times it; it is given back before the next is compiled. */
export async function timeProgram(
  engine: Engine,
  made: Program,
  feeds: ReturnType<typeof randomFeeds>,
  { repeats, seconds: [least, most] }: TimingLimits,
): Promise<Timing> {
  try {
    const executable = await engine.compile(made);
    const into = Object.fromEntries(Object.entries(executable.outputs).map(([name, type]) => [name, zeros(type)]));
    const run = async () => {
      const began = performance.now();
      await executable.run(feeds, into);
      return (performance.now() - began) / 1000;
    };
    await warm(run, most);
    const times: number[] = [];
    let spent = 0;
    while (times.length === 0 || (spent < most && (times.length < repeats || spent < least))) {
      const time = await run();
      times.push(time);
      spent += time;
    }
    return { seconds: median(times), runs: times.length };
  } finally {
    await engine.release();
  }
}

/**
 * Runs until a run is no faster than the one before it, or all of them took too long. Two at least: the engine lays out
 * its memory in the first run, and takes it in the second.
 */
async function warm(run: () => Promise<number>, seconds: number): Promise<void> {
  let before = await run();
  let spent = 0;
  do {
    const time = await run();
    if (time > settled * before) return;
    spent += time;
    before = time;
  } while (spent < seconds);
}

/** The middle of a list, or the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low = 0, high = 0] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return (low + high) / 2;
}
