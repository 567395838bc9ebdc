/** The log-probability of each answer: sequences run together, logits only for the answers' own tokens. */
import type { ForwardPass } from "../../inference/forward.ts";
import type { Model } from "../../inference/model.ts";
import { prefixBytes, readPrefixes, readSuffixes } from "../../inference/shared-prefix.ts";
import { endingOf, readsInParts } from "../../mixers/index.ts";
import { type Abilities, longestOf, planWork, type Wanted, type Work } from "./plan.ts";
import type { Request } from "./requests.ts";

/** Rows of hidden states that go through the head together. */
const headRows = 256;
/** Programs after which the compiled ones are given back: shapes hardly come twice, and each holds memory of its own. */
const mostPrograms = 2;

/** Bytes of what prefixes leave to what follows them, in all layers together. */
const heldBytes = 256 * 2 ** 20;
/** Bytes of it that sequences which run together need in one layer. */
const layerBytes = 64 * 2 ** 20;

/** What scoring may be told. */
export interface ScoringOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called after each piece of work with the share of the work that is done, 0 to 1. */
  readonly progress?: ((share: number) => void) | undefined;
}

/** What a model's layers allow. */
export function abilitiesOf(model: Model): Abilities {
  const endings = model.mixers.map(({ spec }) => endingOf(spec));
  const multiple = endings.reduce((common, ending) => leastCommonMultiple(common, ending.multiple), 1);
  const alone = Math.max(0, ...endings.map((ending) => ending.alone));
  return {
    readsInParts: model.mixers.every(({ spec }) => readsInParts(spec)),
    ending: { multiple, alone },
    bounds: (prefix, longest) => {
      const { all, layer } = prefixBytes(model, prefix, longest);
      const most = (ceiling: number, bytes: number) => Math.max(1, Math.floor(ceiling / Math.max(1, bytes)));
      return { prefixes: most(heldBytes, all), together: most(layerBytes, layer) };
    },
  };
}

function leastCommonMultiple(a: number, b: number): number {
  let [divisor, rest] = [a, b];
  while (rest > 0) [divisor, rest] = [rest, divisor % rest];
  return (a / divisor) * b;
}

/** For each question and answer the sum of its tokens' log-probabilities, in nats. */
export async function logProbabilities(
  forward: ForwardPass,
  questions: readonly (readonly Request[])[],
  { signal, progress }: ScoringOptions = {},
): Promise<number[][]> {
  const works = planWork(questions, abilitiesOf(forward.model));
  const total = works.reduce((sum, { tokens }) => sum + tokens, 0);
  const sums = new Float64Array(questions.reduce((sum, { length }) => sum + length, 0));
  const head = new Head(forward, sums);
  let [done, programs] = [0, 0];
  for (const work of works) {
    for await (const tokens of work.kind === "batch"
      ? runBatch(forward, work, head)
      : runShared(forward, work, head, signal)) {
      signal?.throwIfAborted();
      done += tokens;
      progress?.(done / total);
      if (++programs < mostPrograms) continue;
      await forward.engine.release();
      programs = 0;
    }
  }
  await head.flush();
  let number = 0;
  return questions.map((requests) => requests.map(() => sums[number++] ?? Number.NaN));
}

/** Runs a batch; yields the number of its tokens. */
async function* runBatch(
  forward: ForwardPass,
  { sequences, tokens }: Extract<Work, { kind: "batch" }>,
  head: Head,
): AsyncGenerator<number> {
  const length = Math.max(...sequences.map(({ ids }) => ids.length));
  const ids = sequences.flatMap((sequence) => Array.from({ length }, (_unused, place) => sequence.ids[place] ?? 0));
  const { data } = await forward.hidden({ ids, batch: sequences.length, length });
  const size = length * forward.model.architecture.hiddenSize;
  for (const [row, { wanted }] of sequences.entries()) {
    const hidden = data.subarray(row * size, (row + 1) * size);
    for (const each of wanted) await head.add(hidden, each.place, each);
  }
  yield tokens;
}

/** Runs prefixes and what follows them; yields the number of tokens after each program. */
async function* runShared(
  forward: ForwardPass,
  { prefix, groups, following }: Extract<Work, { kind: "shared" }>,
  head: Head,
  signal: AbortSignal | undefined,
): AsyncGenerator<number> {
  const ids = groups.map(([first]) => first?.ids.slice(0, prefix) ?? []);
  const prefixes = await readPrefixes(forward, ids, longestOf(groups), signal);
  const size = prefix * forward.model.architecture.hiddenSize;
  for (const [group, sequences] of groups.entries()) {
    const hidden = prefixes.hidden.data.subarray(group * size, (group + 1) * size);
    for (const { wanted } of sequences) {
      for (const each of wanted) if (each.place < prefix) await head.add(hidden, each.place, each);
    }
  }
  yield prefix * groups.length;
  for (const list of following) {
    const suffixes = list.map(({ group, sequence }) => ({ prefix: group, ids: sequence.ids.slice(prefix) }));
    const hidden = await readSuffixes(forward, prefixes, suffixes, signal);
    for (const [index, { sequence }] of list.entries()) {
      const own = hidden[index] ?? new Float32Array();
      for (const each of sequence.wanted) if (each.place >= prefix) await head.add(own, each.place - prefix, each);
    }
    yield suffixes.reduce((sum, suffix) => sum + suffix.ids.length, 0);
  }
}

/** Collects hidden states and sends them through the head together. */
class Head {
  readonly #forward: ForwardPass;
  readonly #sums: Float64Array;
  readonly #width: number;
  readonly #rows: Float32Array;
  #waiting: Wanted[] = [];

  constructor(forward: ForwardPass, sums: Float64Array) {
    this.#forward = forward;
    this.#sums = sums;
    this.#width = forward.model.architecture.hiddenSize;
    this.#rows = new Float32Array(headRows * this.#width);
  }

  /** Takes the row `row` of hidden states, after which a token is wanted. */
  async add(hidden: Float32Array, row: number, wanted: Wanted): Promise<void> {
    this.#rows.set(hidden.subarray(row * this.#width, (row + 1) * this.#width), this.#waiting.length * this.#width);
    this.#waiting.push(wanted);
    if (this.#waiting.length === headRows) await this.flush();
  }

  /** Adds what is waiting to the requests' sums. */
  async flush(): Promise<void> {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    const targets = waiting.map(({ target }) => target);
    const losses = await this.#forward.tokenLosses(this.#rows.subarray(0, targets.length * this.#width), targets);
    waiting.forEach(({ request }, row) => {
      this.#sums[request] = (this.#sums[request] ?? 0) - (losses[row] ?? Number.NaN);
    });
  }
}
