/** The engine on ONNX Runtime's native build for Node. */
import { createHash } from "node:crypto";
import * as ort from "onnxruntime-node";
import { SubquadError } from "../errors.ts";
import { formatShape, type Program, sameShape, serialize } from "../graph/index.ts";
import { type Engine, type Executable, MemoryAccount, type Tensors } from "./engine.ts";
import { type Tensor, zeros } from "./tensor.ts";

/** How an engine runs. */
export interface EngineOptions {
  /** Threads of one operation (default: 2). */
  readonly threads?: number;
  /** Write a Chrome trace of each program's operators to files with this prefix. */
  readonly profile?: string;
}

/** An engine that runs programs with ONNX Runtime on the CPU. */
export function createEngine(options: EngineOptions = {}): Engine {
  return new OnnxRuntimeEngine(options);
}

class OnnxRuntimeEngine implements Engine {
  readonly threads: number;
  readonly memory = new MemoryAccount();
  readonly #profile: string | undefined;
  readonly #byHash = new Map<string, Promise<Session>>();
  readonly #byKey = new Map<string, Promise<Session>>();

  constructor({ threads = 2, profile }: EngineOptions) {
    this.threads = threads;
    this.#profile = profile;
  }

  async compile<Output extends string>(program: Program<Output>): Promise<Executable<Output>> {
    const model = serialize(program, { mark });
    const hash = createHash("sha256").update(model).digest("hex");
    const known = this.#byHash.get(hash) ?? this.#open(program, model);
    this.#byHash.set(hash, known);
    return (await known) as Executable<Output>;
  }

  async cached<Output extends string>(key: string, make: () => Program<Output>): Promise<Executable<Output>> {
    const known = this.#byKey.get(key) ?? (this.compile(make()) as Promise<Session>);
    this.#byKey.set(key, known);
    return (await known) as Executable<Output>;
  }

  async release(): Promise<void> {
    const sessions = await Promise.all(this.#byHash.values());
    this.#byHash.clear();
    this.#byKey.clear();
    for (const session of sessions) {
      await session.release();
      this.memory.add("programs", -session.modelBytes);
    }
  }

  async #open(program: Program, model: Uint8Array<ArrayBuffer>): Promise<Session> {
    const profiling = this.#profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: this.#profile };
    const session = await ort.InferenceSession.create(model, {
      intraOpNumThreads: this.threads,
      interOpNumThreads: 1,
      executionMode: "sequential",
      graphOptimizationLevel: "all",
      logSeverityLevel: 3,
      // Each program has threads of its own: a short wait saves waking them between operators, a long one takes the cores
      // from other programs and processes (measured under load: twice the speed of the default).
      extra: { session: { intra_op: { spin_duration_us: "20" }, force_spinning_stop: "1" } },
      ...profiling,
    });
    this.memory.add("programs", model.byteLength);
    return new Session(session, program, model.byteLength, this.#profile !== undefined);
  }
}

/** ONNX Runtime's tensor of each of ours, made once. */
const wrapped = new WeakMap<Tensor, ort.Tensor>();

function wrap(tensor: Tensor): ort.Tensor {
  const known = wrapped.get(tensor);
  if (known !== undefined) return known;
  const made = new ort.Tensor(tensor.dtype, tensor.data as ort.Tensor.DataType, tensor.shape);
  wrapped.set(tensor, made);
  return made;
}

/**
 * The first output of every model. onnxruntime-node copies all outputs into fresh memory after a run, even those it has
 * written where they were wanted: a third of the time of a training step. It does so in order, and stops with an error at a
 * sequence, by which time everything is in its place. A release that knows sequences would return instead.
 */
const mark = "subquad.mark";
const markRefused = "Non tensor type";

class Session implements Executable<string> {
  readonly inputNames: readonly string[];
  readonly outputs: Program["outputs"];
  readonly modelBytes: number;
  readonly #session: ort.InferenceSession;
  readonly #program: Program;
  readonly #profiling: boolean;

  constructor(session: ort.InferenceSession, program: Program, modelBytes: number, profiling: boolean) {
    this.#session = session;
    this.#program = program;
    this.#profiling = profiling;
    this.modelBytes = modelBytes;
    this.inputNames = [...program.inputs.keys()];
    this.outputs = program.outputs;
  }

  async run(feeds: Tensors, into: Partial<Tensors> = {}): Promise<Tensors> {
    const inputs: Record<string, ort.Tensor> = {};
    for (const [name, type] of this.#program.inputs) {
      const tensor = feeds[name];
      if (tensor === undefined) throw new SubquadError(`the program's input "${name}" was not given`);
      if (!sameShape(tensor.shape, type.shape) || tensor.dtype !== type.dtype) {
        const [given, wanted] = [tensor, type].map(({ dtype, shape }) => `${dtype}${formatShape(shape)}`);
        throw new SubquadError(`the program's input "${name}" was given as ${given}, not ${wanted}`);
      }
      inputs[name] = wrap(tensor);
    }
    const outputs: Record<string, Tensor> = {};
    const fetches: Record<string, ort.Tensor | null> = { [mark]: null };
    for (const [name, type] of Object.entries(this.outputs)) {
      const target = into[name] ?? zeros(type);
      outputs[name] = target;
      fetches[name] = wrap(target);
    }
    try {
      await this.#session.run(inputs, fetches);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith(markRefused))) throw error;
    }
    return outputs;
  }

  async release(): Promise<void> {
    if (this.#profiling) this.#session.endProfiling();
    await this.#session.release();
  }
}
