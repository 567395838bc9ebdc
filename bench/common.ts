/** What benchmarks share: the data, the student, the peer. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { parseMixer, presets } from "../src/mixers/index.ts";
import { type OpenModel, openModel } from "../src/pipeline/open-model.ts";
import { convert } from "../src/pipeline/student.ts";

/** Options of all benchmarks, as text. */
export type BenchOptions = Readonly<Record<string, string | undefined>>;

const execute = promisify(execFile);

/** A path below the shared data. Throws where `SUBQUAD_DATA` or `--data` is not given. */
export function data({ data: folder }: BenchOptions, ...parts: string[]): string {
  if (folder === undefined) throw new Error("set SUBQUAD_DATA, or give --data DIR");
  return join(folder, ...parts);
}

/** SmolLM2-135M as its GGUF file holds it. */
export async function openTeacher(options: BenchOptions): Promise<OpenModel> {
  return await openModel(options.model ?? data(options, "smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"));
}

/** The teacher with untrained LoLCATs mixers, whose windows weigh `gamma` at first (default: the preset's). */
export function untrained({ model }: OpenModel, gamma?: number) {
  const changes = gamma === undefined ? {} : { mix: { kind: "gamma", initial: gamma } };
  return convert(model, {
    mixer: parseMixer({ ...presets.lolcats, ...changes }),
    layers: "all",
    variants: [],
    seed: 0,
  });
}

/** A number option. */
export function number(options: BenchOptions, name: string, otherwise: number): number {
  const text = options[name];
  return text === undefined ? otherwise : Number(text);
}

/** What the peer's throughput script prints. */
export interface PeerSpeed {
  readonly tokens_per_second: number;
  readonly peak_gib: number;
}

/** The texts that the peer and its rivals learn from, by their path below the shared data. */
export const trainingTexts = [
  ["wikitext-2", "valid.detokenized.txt"],
  ["books", "chesterton-brown.txt"],
  ["books", "edgeworth-parents.txt"],
] as const;

/** Where the peer lies: its interpreter, folder of scripts and model; undefined where an option is not given. */
export function peerOf(options: BenchOptions) {
  const { peers, "peer-model": model } = options;
  const run = pythonOf(options);
  if (run === undefined || peers === undefined || model === undefined) return undefined;
  return { peers, model, run };
}

/** Runs a script of the given interpreter and returns what it prints; undefined where `--python` is not given. */
export function pythonOf({ python }: BenchOptions) {
  if (python === undefined) return undefined;
  return async (args: readonly string[]) => (await execute(python, args, { maxBuffer: 1 << 24 })).stdout.trim();
}

/** Runs the peer in PyTorch, or returns undefined where `--python`, `--peers` or `--peer-model` is not given. */
export async function peerSpeed(
  options: BenchOptions,
  stage: string,
  length: number,
  batch: number,
  dtype = "bf16",
): Promise<PeerSpeed | undefined> {
  const peer = peerOf(options);
  if (peer === undefined) return undefined;
  const settings = {
    stage,
    length,
    batch,
    dtype,
    threads: number(options, "threads", 2),
    steps: number(options, "steps", 3),
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const printed = await peer.run([join(peer.peers, "throughput.py"), peer.model, "--impl", "chunked", ...flags]);
  return JSON.parse(printed.split("\n").at(-1) ?? "") as PeerSpeed;
}

/** Runs the built command line and returns its JSON document. */
export async function subquad(args: readonly string[]): Promise<unknown> {
  const { stdout } = await execute(
    process.execPath,
    [join(import.meta.dirname, "..", "dist", "cli", "main.js"), ...args, "--json"],
    { maxBuffer: 1 << 28 },
  );
  return JSON.parse(stdout);
}

/** One line of a benchmark's result, as JSON. */
export function print(row: Readonly<Record<string, unknown>>): void {
  console.log(JSON.stringify(row));
}
