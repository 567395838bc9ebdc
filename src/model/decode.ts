/** Programs of decoding: a whole model for one token, and one layer for a chunk of a prompt, with states in and out. */
import { type Architecture, type Block, blockOf, layerShapes, modelShapes } from "../families/index.ts";
import { cachedAttention, input, multiply, type Program, program, reshape, type Value } from "../graph/index.ts";
import { anglesOf, chunked, type MixerSpec, step } from "../mixers/index.ts";
import { attentionInputs, blockOutput, type MixerReads } from "./block.ts";
import type { BlockCall, Past } from "./call.ts";
import { embedded, finalStates, logitsOf } from "./ends.ts";
import { type DecodeSizes, keepsEverything, mixerState, partsState, stateInputs } from "./layer-state.ts";
import { type Ablation, blockInputs, branchFactors, mixerInputs } from "./mixer-block.ts";
import { denseProjection, weightInputs } from "./projection.ts";

/** A mixer's outputs with the state after it. */
interface Mixed {
  readonly output: Value;
  readonly state: Readonly<Record<string, Value>>;
}

interface MixerCall {
  readonly spec: MixerSpec;
  readonly parameters: Readonly<Record<string, Value>>;
  readonly state: Readonly<Record<string, Value>>;
  readonly past: Past;
  readonly ablation: Ablation;
}

function mix(reads: MixerReads, call: MixerCall): Mixed {
  const { output, state } = mixWhole(reads, call);
  return { output: multiply(output, call.ablation.output ?? 1), state };
}

function mixWhole(reads: MixerReads, { spec, parameters, state, past, ablation }: MixerCall): Mixed {
  const { seen, count } = past;
  const { keys, values } = state;
  if (keepsEverything(spec) && keys !== undefined && values !== undefined) {
    // Padding is written behind the real tokens, where no query sees it and the next call overwrites it.
    const scale = spec.scale ?? (reads.queries.shape[3] ?? 1) ** -0.5;
    const attended = cachedAttention(reads, { keys, values, seen }, { scale });
    return { output: attended.output, state: { keys: attended.keys, values: attended.values } };
  }
  const inputs = { ...reads, parameters, state: { ...state, seen }, ablation: branchFactors(spec, ablation) };
  const result = count === undefined ? step(spec, inputs) : chunked(spec, { ...inputs, count });
  const { seen: _shared, ...next } = result.state ?? {};
  return { output: result.output, state: next };
}

/** One layer on its way: the next stream, and all that it carries. */
function layerOutput(
  x: Value,
  call: BlockCall & { readonly past: Past },
  mixer: Omit<MixerCall, "past">,
): { readonly stream: Value; readonly state: Readonly<Record<string, Value>> } {
  const pieces = attentionInputs(x, call, mixer.spec.rope);
  const mixed = mix(pieces.mixer, { ...mixer, past: call.past });
  const { stream, left } = blockOutput(x, mixed.output, pieces, call);
  return { stream, state: { ...mixed.state, ...left } };
}

/** The step program's name of a rotary table. */
export const stepAngle = (rope: number, table: string): string => `angles.${rope}.${table}`;

/**
 * One token through the whole model: `ids` int64 `[batch]`, `seen` int64 `[batch]` (tokens before this one), `angles.R.cos`,
 * `angles.R.sin` `[1, dim/2]` of its position by each rotary setting, the ends' weights by role (no `head` where the embedding is the head), `layers.N.ROLE`,
 * `layers.N.mixer.NAME` and `state.N.NAME` → `logits` `[batch, vocabulary]` and `next.N.NAME`.
 */
export function stepProgram(
  architecture: Architecture,
  specs: readonly MixerSpec[],
  sizes: DecodeSizes,
  ablation: Ablation = {},
): Program {
  const { batch } = sizes;
  const ends = weightInputs(modelShapes(architecture));
  const angles = architecture.ropes.map(({ pairs }, rope) =>
    anglesOf((name) => input(stepAngle(rope, name), [1, pairs])),
  );
  const seen = input("seen", [batch], "int64");
  const ids = reshape(input("ids", [batch], "int64"), [batch, 1]);
  let x = embedded({ ids, positions: reshape(seen, [batch, 1]) }, ends, architecture);
  const outputs: Record<string, Value> = {};
  specs.forEach((spec, layer) => {
    const block = blockOf(architecture, layer);
    const turned = angles[block.rope];
    if (turned === undefined) throw new RangeError(`the model has no rotary settings ${block.rope}`);
    const weights = weightInputs(layerShapes(block), `layers.${layer}.`);
    const past = { parts: stateInputs(partsState(block, sizes), `state.${layer}.`), seen };
    const { stream, state } = layerOutput(
      x,
      { block, weights, project: denseProjection(weights), angles: turned, past },
      {
        spec,
        parameters: mixerInputs(spec, block, `layers.${layer}.mixer.`),
        state: stateInputs(mixerState(block, spec, sizes), `state.${layer}.`),
        ablation,
      },
    );
    for (const [name, value] of Object.entries(state)) outputs[`next.${layer}.${name}`] = value;
    x = stream;
  });
  const values = architecture.tiedHead ? { ...ends, head: ends.embedding } : ends;
  const states = finalStates(reshape(x, [batch, -1]), values, architecture);
  return program({ logits: logitsOf(states, values, architecture), ...outputs });
}

/**
 * A chunk of a prompt through one layer: `x` `[batch, length, hidden]`, `cos`, `sin` of its positions, `seen` int64
 * `[batch]` (tokens before the chunk), `count` int64 `[batch]` (real tokens; the rest is padding on the right), weights by
 * role, `mixer.NAME` and `state.NAME` → `y` and `next.NAME`, the state after the real tokens.
 */
export function prefillProgram(
  block: Block,
  spec: MixerSpec,
  length: number,
  sizes: DecodeSizes,
  ablation: Ablation = {},
): Program {
  const { batch } = sizes;
  const { x, angles } = blockInputs(block, batch, length);
  const weights = weightInputs(layerShapes(block));
  const past = {
    parts: stateInputs(partsState(block, sizes), "state."),
    seen: input("seen", [batch], "int64"),
    count: input("count", [batch], "int64"),
  };
  const { stream, state } = layerOutput(
    x,
    { block, weights, project: denseProjection(weights), angles, past },
    {
      spec,
      parameters: mixerInputs(spec, block),
      state: stateInputs(mixerState(block, spec, sizes), "state."),
      ablation,
    },
  );
  const next = Object.entries(state).map(([name, value]) => [`next.${name}`, value]);
  return program({ y: stream, ...Object.fromEntries(next) });
}
