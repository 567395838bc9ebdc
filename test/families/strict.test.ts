/** Each family's files are read strictly: what is missing, extra, misshapen or unknown is named; what is written is what was read. */
import { readFileSync } from "node:fs";
import { describe, expect } from "vitest";
import { z } from "zod";
import { familyOf } from "../../src/families/index.ts";
import { openSafetensors } from "../../src/formats/safetensors/reader.ts";
import type { TensorSource } from "../../src/formats/tensor.ts";
import { namedWeights } from "../../src/model/name-weights.ts";
import { readWeights } from "../../src/model/read-weights.ts";
import { checkpoint, familyFolders, furtherEncoders, furtherFolders } from "./folders.ts";

async function opened(folder: string) {
  const path = checkpoint(folder).path();
  const config = JSON.parse(readFileSync(`${path}/config.json`, "utf8")) as Record<string, unknown>;
  const family = await familyOf(String(config.model_type));
  if (family === undefined) throw new Error(`no family for ${folder}`);
  return { family, config, source: openSafetensors(path) };
}

/** A source whose tensors have other names or shapes. */
function changed(source: TensorSource, shapes: ReadonlyMap<string, readonly number[]>): TensorSource {
  return {
    path: source.path,
    metadata: source.metadata,
    names: () => [...shapes.keys()],
    has: (name) => shapes.has(name),
    info: (name) => ({
      ...source.info(source.has(name) ? name : (source.names()[0] ?? "")),
      shape: shapes.get(name) ?? [],
    }),
    readFloat32: (name) => source.readFloat32(name),
    readRaw: (name) => source.readRaw(name),
    close: () => source.close(),
  };
}

describe.each([...familyFolders, ...furtherFolders, ...furtherEncoders])("%s", (folder) => {
  const { test } = checkpoint(folder);
  test("every tensor but one, one too many, one of another shape: each is named", async () => {
    const { family, config, source } = await opened(folder);
    const architecture = family.config.parse(config);
    const whole = new Map(source.names().map((name) => [name, source.info(name).shape] as const));
    const read = (shapes: ReadonlyMap<string, readonly number[]>) => () =>
      readWeights(changed(source, shapes), family.tensors, architecture);
    for (const [name, shape] of whole) {
      const without = new Map([...whole].filter(([other]) => other !== name));
      expect(read(without), name).toThrow(name);
      expect(read(new Map([...whole, [name, [...shape.slice(0, -1), (shape.at(-1) ?? 0) + 1]]])), name).toThrow(name);
    }
    const extra = `${[...whole.keys()].find((name) => /\.1\./.test(name))}.extra`;
    expect(read(new Map([...whole, [extra, [1]]]))).toThrow(extra);
    source.close();
  });

  test("an unknown key, and a value that no code knows, are refused by name", async () => {
    const { family, config, source } = await opened(folder);
    source.close();
    const problem = (wrong: Record<string, unknown>) => {
      const { error } = family.config.safeParse({ ...config, ...wrong });
      return error === undefined ? "none" : z.prettifyError(error);
    };
    expect(problem({ surprise: 1 })).toContain("surprise");
    const activation = ["hidden_activation", "hidden_act", "activation_function", "activation"].find(
      (key) => key in config,
    );
    if (activation !== undefined) expect(problem({ [activation]: "mystery" })).toContain(activation);
    const width = ["hidden_size", "n_embd", "d_model", "dim"].find((key) => key in config);
    expect(problem({ [width ?? ""]: -1 })).toContain(width);
    if (config.rope_parameters && !("full_attention" in (config.rope_parameters as object)))
      expect(problem({ rope_parameters: { rope_type: "mystery" } })).toContain("mystery");
  });

  test("weights are written under their names as they were read, to the bit", async () => {
    const { family, config, source } = await opened(folder);
    const architecture = family.config.parse(config);
    const named = namedWeights(readWeights(source, family.tensors, architecture), family.tensors, architecture);
    expect(named.map(([name]) => name).toSorted()).toEqual(source.names().toSorted());
    for (const [name, { shape, data }] of named) {
      expect(shape, name).toEqual(source.info(name).shape);
      expect(
        Buffer.compare(
          Buffer.from(data.buffer, data.byteOffset, data.byteLength),
          Buffer.from(source.readFloat32(name).buffer),
        ),
        name,
      ).toBe(0);
    }
    source.close();
  });
});
