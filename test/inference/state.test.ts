/** States are values: forked, grown, saved and read without a change; a damaged or foreign file is named. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { FormatError } from "../../src/errors.ts";
import { openSafetensors } from "../../src/formats/safetensors/reader.ts";
import { writeSafetensors } from "../../src/formats/safetensors/writer.ts";
import { Decoder } from "../../src/inference/decoder.ts";
import type { SequenceState } from "../../src/inference/state.ts";
import { ForeignStateError } from "../../src/inference/state-file.ts";
import type { MixerSpec } from "../../src/mixers/index.ts";
import { createEngine } from "../../src/runtime/index.ts";
import { temporaryFolder } from "../formats/temporary.ts";
import { preset, randomIds, softmax, tinyFalconH1, tinyModel, tinyRwkv } from "./tiny-model.ts";

const engine = createEngine({ threads: 1 });
afterAll(() => engine.release());
const slide: MixerSpec = { ...preset("lolcats"), window: { kind: "slide", size: 4 } };
const rounded: MixerSpec = { ...preset("sliding-window"), window: { kind: "slide", size: 4, store: "int8" } };
const allRounded: MixerSpec = { ...softmax, window: { kind: "full", store: "int8" } };
const besideState: MixerSpec = {
  ...preset("linear-attention"),
  window: { kind: "full" },
  mix: { kind: "sum", window: 0.5, linear: 0.5 },
};
const hybrid = () => new Decoder(engine, tinyModel([slide, softmax]), { fingerprint: "one" });
const ids = randomIds(40, 61);

async function logitsAfter(decoder: Decoder, state: SequenceState, tokens: readonly number[]) {
  for (const id of tokens) await decoder.step(state, id);
  return [...state.logits.data];
}

async function read(decoder: Decoder, count: number, room?: number): Promise<SequenceState> {
  const state = decoder.start(room);
  await decoder.prefill(state, ids.slice(0, count));
  return state;
}

describe("forks", () => {
  test("go on independently, exactly as the original would", async () => {
    const decoder = hybrid();
    const expected = await logitsAfter(decoder, await read(decoder, 20), ids.slice(20));
    const original = await read(decoder, 20);
    const fork = original.fork();
    expect([...fork.logits.data]).toEqual([...original.logits.data]);
    await logitsAfter(decoder, original, randomIds(7, 61, 3));
    expect(fork.tokens).toBe(20);
    expect(await logitsAfter(decoder, fork, ids.slice(20))).toEqual(expected);
  });

  test("copy what blocks carry themselves", async () => {
    for (const model of [tinyFalconH1(), tinyRwkv()]) {
      const decoder = new Decoder(engine, model);
      const original = await read(decoder, 20);
      const fork = original.fork();
      const expected = await logitsAfter(decoder, original, ids.slice(20));
      expect(await logitsAfter(decoder, fork, ids.slice(20))).toEqual(expected);
    }
  });
});

test("keys of every token in 8 bits grow without a change of what is remembered", async () => {
  const decoder = new Decoder(engine, tinyModel([allRounded]), { fingerprint: "one" });
  const [small, large] = [await read(decoder, 40, 10), await read(decoder, 40, 1000)];
  const more = randomIds(300, 61, 5);
  const expected = await logitsAfter(decoder, large, more);
  const actual = await logitsAfter(decoder, small, more);
  expect(small.capacity).toBe(512);
  actual.forEach((logit, index) => {
    expect(logit).toBeCloseTo(expected[index] ?? 0, 4);
  });
});

describe("buffers of every token", () => {
  test("grow beside what blocks carry themselves", async () => {
    const decoder = new Decoder(engine, tinyFalconH1([softmax, slide]));
    const [small, large] = [await read(decoder, 40, 10), await read(decoder, 40, 1000)];
    const more = randomIds(300, 61, 5);
    const expected = await logitsAfter(decoder, large, more);
    expect(await logitsAfter(decoder, small, more)).toEqual(expected);
    expect(small.capacity).toBe(512);
  });

  test("grow by doubling without a change of what is remembered", async () => {
    const decoder = hybrid();
    const [small, large] = [await read(decoder, 40, 10), await read(decoder, 40, 1000)];
    expect([small.capacity, large.capacity]).toEqual([256, 1024]);
    const more = randomIds(300, 61, 5);
    const expected = await logitsAfter(decoder, large, more);
    expect(await logitsAfter(decoder, small, more)).toEqual(expected);
    expect(small.capacity).toBe(512);
  });
});

describe("saved states", () => {
  const folder = temporaryFolder();
  const path = (name: string) => join(folder, name);

  test.each([
    ["constant size", tinyModel([slide])],
    ["8-bit size", tinyModel([rounded])],
    ["growing 8-bit size", tinyModel([slide, allRounded])],
    ["growing size", tinyModel([slide, softmax, besideState])],
    ["blocks with a branch beside attention", tinyFalconH1([softmax, slide])],
    ["blocks with token shift", tinyRwkv()],
  ] as const)("of %s go on as if nothing had happened, in a new decoder", async (_name, model) => {
    const decoder = new Decoder(engine, model, { fingerprint: "one" });
    const expected = await logitsAfter(decoder, await read(decoder, 20), ids.slice(20));
    const file = path("state.safetensors");
    await decoder.save(await read(decoder, 20), file);
    const restored = new Decoder(engine, model, { fingerprint: "one" }).load(file);
    expect(restored.tokens).toBe(20);
    expect([...restored.logits.data]).toEqual([...(await read(decoder, 20)).logits.data]);
    expect(await logitsAfter(decoder, restored, ids.slice(20))).toEqual(expected);
  });

  test("hold the tokens that were read, not the room for more", async () => {
    const decoder = new Decoder(engine, tinyModel([softmax]), { fingerprint: "one" });
    const file = path("state.safetensors");
    await decoder.save(await read(decoder, 20, 5000), file);
    const source = openSafetensors(file);
    expect(source.info("0.keys").shape).toEqual([1, 2, 20, 8]);
    source.close();
  });

  test("of another model, or of a terrace decoded as a slide, are refused by name", async () => {
    const terrace: MixerSpec = { ...preset("lolcats-terrace"), window: { kind: "terrace", size: 4, compat: false } };
    const decoder = new Decoder(engine, tinyModel([terrace]), { fingerprint: "one" });
    const file = path("state.safetensors");
    await decoder.save(await read(decoder, 20), file);
    const other = new Decoder(engine, tinyModel([terrace]), { fingerprint: "two" });
    expect(() => other.load(file)).toThrow(ForeignStateError);
    expect(() => other.load(file)).toThrow(/state\.safetensors: is a state of another model/);
    const sliding = new Decoder(engine, tinyModel([terrace]), { fingerprint: "one", terraces: "slide" });
    expect(() => sliding.load(file)).toThrow(ForeignStateError);
    expect(decoder.load(file).tokens).toBe(20);
  });

  test("of no token, and files that are no state, are refused", async () => {
    const decoder = hybrid();
    const file = path("state.safetensors");
    await expect(decoder.save(decoder.start(), file)).rejects.toThrow("nothing to save before the first token");
    await writeSafetensors(file, []);
    expect(() => decoder.load(file)).toThrow(/state\.safetensors: is not a saved state/);
    expect(() => decoder.load(path("absent.safetensors"))).toThrow(/absent\.safetensors/);
  });

  test("that lie about their tokens or lack a tensor are damaged", async () => {
    const decoder = hybrid();
    const file = path("state.safetensors");
    await decoder.save(await read(decoder, 20), file);
    const tamper = (change: (header: Record<string, Record<string, unknown>>) => void) => {
      const bytes = readFileSync(file);
      const length = Number(bytes.readBigUInt64LE(0));
      const header = JSON.parse(bytes.toString("utf8", 8, 8 + length)) as Record<string, Record<string, unknown>>;
      change(header);
      const text = Buffer.from(JSON.stringify(header));
      const size = Buffer.alloc(8);
      size.writeBigUInt64LE(BigInt(text.length));
      const damaged = path("damaged.safetensors");
      writeFileSync(damaged, Buffer.concat([size, text, bytes.subarray(8 + length)]));
      return () => decoder.load(damaged);
    };
    expect(tamper(() => {})().tokens).toBe(20);
    const claim = (tokens: string) => tamper((header) => Object.assign(header.__metadata__ ?? {}, { tokens }));
    for (const tokens of ["-1", "many", "1e99", "0", "2.5"]) expect(claim(tokens)).toThrow(/claims to hold/);
    expect(claim("19")).toThrow(FormatError);
    expect(claim("19")).toThrow(/"1\.keys" is F32 \[1, 2, 20, 8\], not F32 \[1, 2, 19, 8\]/);
    const renamed = tamper((header) => {
      header["0.other"] = header["0.recurrent"] ?? {};
      delete header["0.recurrent"];
    });
    expect(renamed).toThrow(/0\.recurrent/);
  });

  test("are whole files, written by way of others that do not stay", async () => {
    const decoder = hybrid();
    await decoder.save(await read(decoder, 5), path("whole.safetensors"));
    expect(readdirSync(folder).filter((name) => !name.endsWith(".safetensors"))).toEqual([]);
    await expect(decoder.save(await read(decoder, 5), path("no/such/folder"))).rejects.toThrow(/cannot be written/);
  });
});
