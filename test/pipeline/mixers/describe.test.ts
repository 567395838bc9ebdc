import { describe, expect, test } from "vitest";
import { catalogueByName, parseMixer } from "../../../src/mixers/index.ts";
import { mixersListSchema, mixersShowSchema } from "../../../src/pipeline/contract.ts";
import { axesOf, withoutDefaults } from "../../../src/pipeline/mixers/spec-text.ts";
import { listMixers, showMixer } from "../../../src/pipeline/mixers.ts";
import { recordingContext } from "../context.ts";

const { context } = recordingContext();
const sizes = { heads: 1, dim: 64, length: 1024 };
const names = [...catalogueByName.keys()];

describe("mixers list", () => {
  test("has every preset, with the size of its state", async () => {
    const document = await listMixers({ heads: 1, dim: 64 }, context);
    expect(mixersListSchema.parse(document)).toEqual(document);
    expect(document.mixers.map(({ name }) => name)).toEqual(names);
    const named = (wanted: string) => document.mixers.find(({ name }) => name === wanted);
    expect(named("linear-attention-plain")).toMatchObject({ state_bytes: 4 * 64 * 64, state_bytes_per_token: 0 });
    // Keys and values, and nothing else.
    expect(named("softmax")).toMatchObject({ state_bytes: 8 * 64 * 1024, state_bytes_per_token: 8 * 64 });
    expect(named("lolcats-terrace")).toMatchObject({ forms: ["parallel", "chunked", "step"], goldens: true });
  });
});

describe("mixers show", () => {
  test.each(names)("%s", async (name) => {
    const document = await showMixer({ ...sizes, name, heads: 4 }, context);
    expect(mixersShowSchema.parse(document)).toEqual(document);
    expect(parseMixer(document.spec)).toEqual(parseMixer(catalogueByName.get(name)?.spec));
    expect(document.axes.length).toBeGreaterThan(0);
    for (const { available, reason } of document.forms) expect(available).toBe(reason === null);
    const carried = document.state.map((tensor) => tensor.name);
    if (parseMixer(document.spec).causal) expect(carried).toContain("seen");
    else expect(carried).toEqual([]);
  });

  test("says which names are near", async () => {
    const fails = (name: string) => expect(showMixer({ ...sizes, name }, context)).rejects;
    await fails("gated-delta").toThrow(
      "no mixer is called gated-delta; did you mean gated-delta-net, gated-delta-product?",
    );
    await fails("lolcat").toThrow("did you mean lolcats, lawcat, lolcats-terrace?");
    await fails("something else").toThrow("no mixer is called something else; `subquad mixers list` shows all");
  });

  test("refuses key heads that do not divide the heads", async () => {
    await expect(showMixer({ ...sizes, name: "gla", heads: 4, groups: 3 }, context)).rejects.toThrow(
      "3 key heads do not divide 4 heads",
    );
  });
});

test("defaults are left out of a spec, and nothing else", () => {
  const spec = {
    rope: "before",
    window: { kind: "slide", size: 64 },
    state: { featureMap: { kind: "hedgehog", twoSided: true, activation: "exp" }, scale: 1, write: { kind: "add" } },
    mix: { kind: "sum", window: 0.7 },
    normalize: { kind: "none" },
  };
  const short = withoutDefaults(spec);
  expect(short).toEqual({
    window: { kind: "slide", size: 64 },
    state: { featureMap: { kind: "hedgehog", activation: "exp" } },
    mix: { kind: "sum", window: 0.7 },
  });
  expect(axesOf(short)).toEqual([
    { axis: "window", value: "slide, size 64" },
    { axis: "mix", value: "sum, window 0.7" },
    { axis: "state.featureMap", value: "hedgehog, activation exp" },
  ]);
});
