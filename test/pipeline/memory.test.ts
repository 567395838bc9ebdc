/** What is announced of a model's states is what they take. */
import { expect, test } from "vitest";
import type { Model } from "../../src/inference/model.ts";
import { SequenceState } from "../../src/inference/state.ts";
import type { MixerSpec } from "../../src/mixers/index.ts";
import { stateBytes } from "../../src/pipeline/memory.ts";
import { preset, softmax, tinyFalconH1, tinyModel, tinyRwkv } from "../inference/tiny-model.ts";

const slide: MixerSpec = { ...preset("lolcats"), window: { kind: "slide", size: 4 } };

/** Bytes of a sequence's tensors, with room for so many tokens. */
function held({ architecture, mixers }: Model, tokens: number): number {
  return SequenceState.create({ architecture, mixers: mixers.map(({ spec }) => spec), fingerprint: "" }, tokens).bytes;
}

test.each([
  ["softmax", tinyModel([softmax])],
  ["lolcats", tinyModel([slide])],
  ["a branch beside softmax", tinyFalconH1()],
  ["a branch beside softmax and lolcats", tinyFalconH1([softmax, slide])],
  ["token shift", tinyRwkv()],
] as const)("of %s: once for a sequence, and for every token", (_name, model) => {
  const { perSequence, perToken } = stateBytes(model);
  expect(512 * perToken).toBe(held(model, 1024) - held(model, 512));
  // Counts of tokens are of the mixers' states, and held once for all layers.
  const counters = 8 * model.mixers.length;
  const own = held(model, 512) - 512 * perToken;
  expect(perSequence).toBeGreaterThanOrEqual(own);
  expect(perSequence).toBeLessThanOrEqual(own + counters);
});
