/** What the verbs that decode have in common: a model on an engine, prompts as tokens. */
import { SubquadError } from "../errors.ts";
import { isEncoder } from "../families/index.ts";
import { Decoder } from "../inference/decoder.ts";
import { keepsEverything } from "../model/layer-state.ts";
import { createEngine, type Engine } from "../runtime/index.ts";
import type { CommonOptions, Context } from "./contract.ts";
import { type OpenModel, openModel, requireTokens } from "./open-model.ts";
import { defaultThreads } from "./threads.ts";

/** A model ready to be decoded. */
export interface OpenDecoder {
  readonly opened: OpenModel;
  readonly engine: Engine;
  readonly decoder: Decoder;
}

/** Opens a model for decoding; its engine must be released. */
export async function openDecoder(
  options: CommonOptions & { readonly model: string },
  { reporter }: Context,
): Promise<OpenDecoder> {
  const opened = await openModel(options.model, { tokenizer: options.tokenizer, family: options.family, reporter });
  requireDecoder(opened);
  const engine = createEngine({ threads: options.threads ?? defaultThreads() });
  return { opened, engine, decoder: new Decoder(engine, opened.model, { fingerprint: opened.fingerprint }) };
}

/** Throws a SubquadError for a model that does not foretell tokens. */
export function requireDecoder({ name, model }: Pick<OpenModel, "name" | "model">): void {
  if (isEncoder(model.architecture))
    throw new SubquadError(`${name}: is an encoder: it reads texts both ways and foretells no token`);
}

/**
 * The tokens of a prompt given as text or as ids. A text that begins a sequence gets the tokens that sequences begin with.
 * Throws a SubquadError for ids outside the vocabulary.
 */
export function promptIds(
  opened: OpenModel,
  prompt: { readonly prompt?: string | undefined; readonly ids?: readonly number[] | undefined },
  begins: boolean,
): readonly number[] {
  if (prompt.prompt !== undefined && prompt.ids !== undefined) {
    throw new SubquadError("a prompt is given as text and as ids: give one of them");
  }
  const ids = prompt.ids ?? opened.tokenizer.encode(prompt.prompt ?? "", { special: begins });
  requireTokens(opened, ids);
  return ids;
}

/** Warns, and says so, where layers of softmax attention will meet more tokens than they were trained to. */
export function warnBeyondContext({ opened }: OpenDecoder, tokens: number, { reporter }: Context): boolean {
  const { architecture, mixers } = opened.model;
  if (tokens <= architecture.context || !mixers.some(({ spec }) => keepsEverything(spec))) return false;
  const { context } = architecture;
  reporter.warn(
    `${opened.name} was trained on at most ${context} tokens: expect nonsense after them (up to ${tokens})`,
  );
  return true;
}

/** Work per second; null where there was none. */
export function rate(count: number, milliseconds: number): number | null {
  return count > 0 && milliseconds > 0 ? (1000 * count) / milliseconds : null;
}
