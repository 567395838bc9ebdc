/** Every family against the golden outputs of its published implementation, by both spellings of its configuration. */
import { describe, expect } from "vitest";
import { openSafetensors } from "../../src/formats/safetensors/reader.ts";
import { readFloat64 } from "../../src/formats/tensor.ts";
import { Decoder } from "../../src/inference/decoder.ts";
import { ForwardPass } from "../../src/inference/forward.ts";
import { createEngine, type FloatTensor, floats } from "../../src/runtime/index.ts";
import { dataPath, dataTest } from "../data.ts";
import { checkpoint, furtherEncoders, furtherFolders, recurrentFolders, softmaxFolders } from "../families/folders.ts";
import { loadFolder } from "../model/load.ts";

/** Published code of these tells the streams from the first layer's on. */
const withoutEmbedding = new Set<string>(["mamba", "mamba2", "rwkv"]);

/** Tokens of padding before the second golden sequence. */
const padding = 7;

function expectNear(actual: ArrayLike<number>, expected: ArrayLike<number>, what: string, limit = 2e-4): void {
  expect(actual.length, what).toBe(expected.length);
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs((actual[i] ?? Number.NaN) - (expected[i] ?? Number.NaN));
    largest = difference > largest || Number.isNaN(difference) ? difference : largest;
  }
  expect(largest, what).toBeLessThan(limit);
}

describe.each([...softmaxFolders, ...recurrentFolders, ...furtherFolders])("%s", (folder) => {
  const { path: place, test } = checkpoint(folder);
  for (const config of ["config.json", "config.legacy.json"]) {
    test(`streams, logits, loss and greedy tokens by ${config}`, async () => {
      const path = place();
      // An engine keeps the programs of one model.
      const engine = createEngine({ threads: 1 });
      const model = await loadFolder(path, config);
      const golden = openSafetensors(`${path}/golden.safetensors`);
      const read = (name: string) => readFloat64(golden, name);
      const { hiddenSize: width, vocabularySize } = model.architecture;
      const layers = model.mixers.length;
      const ids = read("input_ids");
      const [batch = 0, length = 0] = golden.info("input_ids").shape;
      const forward = new ForwardPass(engine, model);
      const states = read("hidden_states");
      const hidden = await forward.hidden({ ids, batch, length }, (layer, x) => {
        const size = batch * length * width;
        const place = layer - (withoutEmbedding.has(folder) ? 1 : 0);
        // The last place holds the stream after the final norm.
        if (place >= 0 && place < layers)
          expectNear(x.data, states.subarray(place * size, (place + 1) * size), `stream ${layer}`);
      });
      const logits = await forward.logits(floats([batch * length, width], hidden.data));
      expectNear(logits.data, read("logits"), "logits");
      const losses = await Promise.all(
        Array.from({ length: batch }, (_unused, row) => forward.losses(ids.subarray(row * length, (row + 1) * length))),
      );
      const mean = losses.flatMap((each) => [...each]).reduce((sum, x) => sum + x, 0) / (batch * (length - 1));
      expect(Math.abs(mean - (read("loss")[0] ?? 0)), "loss").toBeLessThan(1e-5);

      const decoder = new Decoder(engine, model);
      const state = decoder.start(64);
      await decoder.prefill(state, [...ids.subarray(0, 16)]);
      const written: number[] = [];
      for (const _token of read("generated")) {
        const next = state.logits.data.indexOf(Math.max(...state.logits.data));
        written.push(next);
        await decoder.step(state, next);
      }
      expect(written).toEqual([...read("generated")]);

      // Padding on the left shifts positions: what follows it is a sequence of its own. Published code of some takes none.
      if (golden.has("padded_logits")) {
        const padded = read("padded_logits").subarray(padding * vocabularySize, length * vocabularySize);
        const short = await forward.hidden({
          ids: ids.subarray(0, length - padding),
          batch: 1,
          length: length - padding,
        });
        const shifted = await forward.logits(floats([length - padding, width], short.data));
        expectNear(shifted.data, padded, "logits after padding");
      }
      await engine.release();
    });
  }
});

describe.each(["bert", ...furtherEncoders])("%s", (folder) => {
  const { path: place, test } = checkpoint(folder);
  for (const config of ["config.json", "config.legacy.json"]) {
    test(`streams and logits, with segments and padding on the right, by ${config}`, async () => {
      const path = place();
      const engine = createEngine({ threads: 1 });
      const model = await loadFolder(path, config);
      const golden = openSafetensors(`${path}/golden.safetensors`);
      const read = (name: string) => readFloat64(golden, name);
      const { hiddenSize: width, vocabularySize } = model.architecture;
      const ids = read("input_ids");
      const [batch = 0, length = 0] = golden.info("input_ids").shape;
      const forward = new ForwardPass(engine, model);
      const states = read("hidden_states");
      const size = batch * length * width;
      const last = await forward.hidden({ ids, batch, length }, (layer, x) =>
        expectNear(x.data, states.subarray(layer * size, (layer + 1) * size), `stream ${layer}`),
      );
      expectNear(last.data, read("last_hidden_state"), "last stream");
      const logitsOf = async (x: FloatTensor) => await forward.logits(floats([x.data.length / width, width], x.data));
      expectNear((await logitsOf(last)).data, read("logits"), "logits");
      if (model.architecture.embedding.segments !== undefined) {
        const segmented = await forward.hidden({ ids, batch, length, segments: read("token_type_ids") });
        expectNear((await logitsOf(segmented)).data, read("segment_logits"), "logits with segments");
      }
      // Padding on the right changes nothing before it.
      const kept = length - padding;
      const short = await forward.hidden({ ids: ids.subarray(0, kept), batch: 1, length: kept });
      const padded = read("padded_logits").subarray(0, kept * vocabularySize);
      expectNear((await logitsOf(short)).data, padded, "logits before padding");
      await engine.release();
    });
  }
});

dataTest("learned positions reach to their table's end, and what is longer is refused by name", async () => {
  const engine = createEngine({ threads: 1 });
  const model = await loadFolder(dataPath("families", "opt"));
  const ids = Array.from({ length: 64 }, (_unused, index) => (index * 7) % 64);
  const { data } = await new ForwardPass(engine, model).hidden({ ids, batch: 1, length: 64 });
  const decoder = new Decoder(engine, model);
  const state = decoder.start();
  await decoder.prefill(state, ids.slice(0, 50));
  await decoder.prefill(state, ids.slice(50));
  const last = floats([1, 32], data.slice(63 * 32));
  const { data: logits } = await new ForwardPass(engine, model).logits(last);
  expectNear(state.logits.data, logits, "logits of the last place");
  await expect(decoder.step(state, 1)).rejects.toThrow(/opt models learn their positions, and this one has 64/);
  await engine.release();
});
