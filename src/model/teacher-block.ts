/** A teacher's block that also tells what its attention read and returned. */
import { type Block, layerShapes } from "../families/index.ts";
import { type Program, program, type Value } from "../graph/index.ts";
import { chunked, type MixerSpec } from "../mixers/index.ts";
import { attentionInputs, attentionOutput, nextStream } from "./block.ts";
import { blockInputs, mixerInputs } from "./mixer-block.ts";
import { type FrozenProducts, frozenProjection, weightInputs } from "./projection.ts";

/**
 * What can be told of a block: the heads' `queries`, `keys` and `values`, the normed stream `hidden` they are made of, the
 * heads' outputs `attended` (as queries, before the output projection), what attention adds to the stream as `mixed`, and
 * `y`, the stream after the block.
 */
export const blockTaps = ["queries", "keys", "values", "hidden", "attended", "mixed", "y"] as const;

/** One thing that is told of a block. */
export type BlockTap = (typeof blockTaps)[number];

/** How a teacher's block is run. */
export interface TeacherOptions {
  /** What is returned. */
  readonly taps: readonly BlockTap[];
  readonly products?: FrozenProducts;
  /** Whether queries and keys are told rotated, as a mixer of this `rope` reads them (default: before). */
  readonly rope?: MixerSpec["rope"];
}

/** `x`, `cos`, `sin` and one layer's weights → each tap as `told.NAME`: weights have these names too. */
export function teacherBlockProgram<Tap extends BlockTap>(
  block: Block,
  batch: number,
  length: number,
  { taps, products = "float32", rope = "before" }: TeacherOptions & { readonly taps: readonly Tap[] },
): Program<`told.${Tap}`> {
  const { x, angles } = blockInputs(block, batch, length);
  const weights = weightInputs(layerShapes(block));
  const call = { block, weights, project: frozenProjection(block, weights, products), angles };
  const own = attentionInputs(x, call, block.mixer.rope);
  const { mixer: read } = rope === block.mixer.rope ? own : attentionInputs(x, call, rope);
  const attended = chunked(block.mixer, { ...own.mixer, parameters: mixerInputs(block.mixer, block) }).output;
  const mixed = attentionOutput(attended, own, call);
  const values: Record<BlockTap, Value> = {
    queries: read.queries,
    keys: read.keys,
    values: read.values,
    hidden: read.streams.hidden,
    attended,
    mixed,
    y: nextStream(x, mixed, own, call).stream,
  };
  return program(Object.fromEntries(taps.map((tap) => [`told.${tap}`, values[tap]]))) as Program<`told.${Tap}`>;
}
