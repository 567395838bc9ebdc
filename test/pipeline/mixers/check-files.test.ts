/** `mixers check` on files made by hand: one that is right, and ones that lie. */
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { writeSafetensors } from "../../../src/formats/safetensors/writer.ts";
import { mixersCheckSchema } from "../../../src/pipeline/contract.ts";
import { MAXIMUM_GOLDEN_LENGTH } from "../../../src/pipeline/mixers/golden-limits.ts";
import { checkMixers } from "../../../src/pipeline/mixers.ts";
import { put, temporaryFolder } from "../../formats/temporary.ts";
import { recordingContext } from "../context.ts";

interface Tensor {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

interface Golden {
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly metadata: Readonly<Record<string, string>>;
}

const root = Math.SQRT2;
const tensor = (shape: readonly number[], ...values: number[]): Tensor => ({ shape, values });

/** Linear attention over two tokens, by hand: S₁ = [6, 1], S₂ = [6, 8], o = q S / √2. */
const right: Golden = {
  tensors: {
    q: tensor([1, 2, 1, 2], 1, 2, 3, 4),
    k: tensor([1, 2, 1, 2], 1, 0, 0, 1),
    v: tensor([1, 2, 1, 1], 5, 7),
    initial_state: tensor([1, 1, 2, 1], 1, 1),
    output: tensor([1, 2, 1, 1], 8 / root, 50 / root),
    final_state: tensor([1, 1, 2, 1], 6, 8),
    weight: tensor([1, 2, 1, 1], 1, 1),
    weight_state: tensor([1, 1, 2, 1], 1, 1),
    grad_v: tensor([1, 2, 1, 1], 4 / root + 1, 4 / root + 1),
  },
  metadata: {
    oracle: "by hand.linear_attn.naive.naive_recurrent_linear_attn",
    layout: "[B,T,H,D]",
    shapes: "q=[B,T,H,K]; k=[B,T,H,K]; v=[B,T,H,V]; initial_state=[B,H,K,V]",
    arguments: "{}",
  },
};

const folder = temporaryFolder();

async function written(name: string, { tensors, metadata }: Golden): Promise<string> {
  const path = join(folder, `${name}.safetensors`);
  const entries = Object.entries(tensors).map(([key, { shape, values }]) => ({
    name: key,
    dtype: "F64" as const,
    shape,
    data: () => Float64Array.from(values),
  }));
  await writeSafetensors(path, entries, { metadata });
  return path;
}

/** The right file with other tensors or metadata; undefined removes a tensor. */
function changed(tensors: Readonly<Record<string, Tensor | undefined>>, metadata: Golden["metadata"] = {}): Golden {
  const all = Object.entries({ ...right.tensors, ...tensors }).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return { tensors: Object.fromEntries(all), metadata: { ...right.metadata, ...metadata } };
}

const filled = (shape: readonly number[]): Tensor => ({
  shape,
  values: new Array<number>(shape.reduce((a, b) => a * b, 1)).fill(0.5),
});

/** Tokens of every tensor with a length. */
const long = (length: number) =>
  changed({
    q: filled([1, length, 1, 2]),
    k: filled([1, length, 1, 2]),
    v: filled([1, length, 1, 1]),
    output: filled([1, length, 1, 1]),
    weight: filled([1, length, 1, 1]),
    grad_v: filled([1, length, 1, 1]),
  });

const softmaxFeatures = {
  oracle: "linear_attention.linear_window_attention_sw.hybrid_attention_quadratic",
  shapes: "q=[B,H,T,K]; k=[B,H,T,K]; v=[B,H,T,K]; layer_q=[H,K,K]; layer_k=[H,K,K]; window_factors=[H]",
  layout: "[B,H,T,K]",
};

/** A file of LoLCATs with the given arguments. */
const lolcats = (given: object): Golden => ({
  tensors: {
    ...Object.fromEntries(["q", "k", "v", "output"].map((name) => [name, filled([1, 1, 3, 2])])),
    layer_q: filled([1, 2, 2]),
    layer_k: filled([1, 2, 2]),
    window_factors: filled([1]),
  },
  metadata: { ...softmaxFeatures, arguments: JSON.stringify(given) },
});

const published = { window_size: 2, affine: false, act: "softmax_dim" };

const hostile: Readonly<Record<string, readonly [file: Golden, message: string]>> = {
  "an unknown oracle": [changed({}, { oracle: "some.other.function" }), "no preset answers to some.other.function"],
  "no shapes": [{ ...right, metadata: { oracle: "a", layout: "B" } }, 'its metadata lacks "shapes"'],
  "a tensor it lacks": [changed({ k: undefined }), 'its metadata describes a tensor "k", which it lacks'],
  "an output it lacks": [changed({ output: undefined }), 'it has no tensor "output" to compare with'],
  "nothing to compare": [
    changed({ output: undefined, final_state: undefined, weight: undefined, grad_v: undefined }),
    'it has no tensor "output"',
  ],
  "a weight it lacks": [changed({ weight: undefined }), 'has no tensor "weight"'],
  "axes that do not fit": [changed({}, { shapes: "q=[B,T,K]" }), 'tensor "q" has shape [1, 2, 1, 2], but its metadata'],
  "a layout without the output's axes": [changed({}, { layout: "[B]" }), "do not fit linear-attention-plain"],
  "an axis of two sizes": [changed({ v: filled([1, 3, 1, 1]) }), 'axis T has 2 elements in "q" and 3 in "v"'],
  "an output of another size": [changed({ output: filled([1, 2, 1, 3]) }), 'tensor "output" has shape [1, 2, 1, 3]'],
  "a gradient of another size": [changed({ grad_v: filled([3]) }), 'tensor "grad_v" has shape [3]'],
  "an empty tensor": [changed({ v: filled([1, 0, 1, 1]) }), 'tensor "v" of shape [1, 0, 1, 1] is empty'],
  "too many tokens": [long(MAXIMUM_GOLDEN_LENGTH + 1), `has ${MAXIMUM_GOLDEN_LENGTH + 1} tokens; at most`],
  "too wide an axis": [changed({ output: filled([5000]) }), "an axis of more than 4096 elements"],
  "too many numbers": [
    {
      ...right,
      tensors: {
        ...Object.fromEntries(["q", "k", "v", "output", "weight"].map((name) => [name, filled([1, 250, 1, 700])])),
        ...Object.fromEntries(
          ["initial_state", "final_state", "weight_state"].map((name) => [name, filled([1, 1, 700, 700])]),
        ),
      },
    },
    "numbers; at most",
  ],
  "arguments that are no JSON": [changed({}, { arguments: "{" }), '"arguments" are not a JSON object'],
  "arguments that are a list": [changed({}, { arguments: "[1]" }), '"arguments" are not a JSON object'],
  "arguments nested without end": [changed({}, { arguments: "[".repeat(100_000) }), "not a JSON object"],
  "arguments of no mixer": [lolcats({ ...published, window_size: -3 }), "lolcats.window.size"],
  "arguments that are missing": [lolcats({}), "lolcats.window.size"],
  "arguments beyond all windows": [
    lolcats({ ...published, window_size: 1e9 }),
    "window_size is 1000000000; at most 4096",
  ],
};

describe("mixers check", () => {
  const { context, stages } = recordingContext();
  const names = Object.keys(hostile);
  let rows: Awaited<ReturnType<typeof checkMixers>>["files"];

  beforeAll(async () => {
    const files: string[] = [];
    for (const [index, name] of names.entries()) {
      const [file] = hostile[name] ?? [right];
      files.push(await written(`hostile-${index}`, file));
    }
    files.push(put(folder, "text.safetensors", "no tensors, only text"), join(folder, "none.safetensors"));
    files.push(
      await written("right", right),
      await written("wrong", changed({ final_state: tensor([1, 1, 2, 1], 6, 9) })),
    );
    files.push(await written("broken", changed({ q: tensor([1, 2, 1, 2], 1, 2, Number.NaN, 4) })));
    const document = await checkMixers({ files, threads: 1 }, context);
    mixersCheckSchema.parse(JSON.parse(JSON.stringify(document)));
    rows = document.files;
  });

  const rowOf = (name: string) => {
    const row = rows.find(({ file }) => file.endsWith(`${name}.safetensors`));
    if (row === undefined) throw new Error(`there is no row of ${name}`);
    return row;
  };

  test.each(names.map((name, index) => [name, index] as const))("names %s", (name, index) => {
    const { error, passed, forms } = rowOf(`hostile-${index}`);
    expect(error).toContain(hostile[name]?.[1]);
    expect(error).not.toContain(folder);
    expect({ passed, forms }).toEqual({ passed: false, forms: [] });
  });

  test("names files that are none", () => {
    expect(rowOf("text").error).toContain("is it a safetensors file?");
    expect(rowOf("none").error).toContain("cannot be opened");
  });

  test("goes on to the files that are right", () => {
    const row = rowOf("right");
    expect(row).toMatchObject({ preset: "linear-attention-plain", passed: true, error: null });
    expect(row.forms.map(({ form, dtype }) => `${form} ${dtype}`)).toEqual(
      ["parallel", "chunked", "step", "fused"].flatMap((form) =>
        form === "fused" ? [`${form} float32`] : [`${form} float64`, `${form} float32`],
      ),
    );
    for (const { output, state, gradients, dtype } of row.forms) {
      for (const error of [output, state, gradients]) expect(error).toBeLessThan(dtype === "float64" ? 1e-15 : 1e-6);
    }
  });

  test("finds what is wrong, and nothing else", () => {
    const { passed, forms } = rowOf("wrong");
    expect(passed).toBe(false);
    for (const { output, state, passed: each } of forms) {
      expect(output).toBeLessThan(1e-6);
      expect(state).toBeCloseTo(1 / 9, 6);
      expect(each).toBe(false);
    }
  });

  test("says where results are not finite", () => {
    const { passed, forms } = rowOf("broken");
    expect(passed).toBe(false);
    expect(forms[0]).toMatchObject({ output: null, passed: false, fault: "not finite: output, gradients" });
  });

  test("reports how far it is", () => {
    expect(stages).toEqual([{ name: "check", done: rows.length, ended: 1 }]);
  });
});
