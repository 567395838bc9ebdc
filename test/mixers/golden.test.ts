/** Published reference implementations' outputs and gradients, from the golden files. */
import { describe, expect } from "vitest";
import { openSafetensors } from "../../src/formats/safetensors/reader.ts";
import { readFloat64, type TensorSource } from "../../src/formats/tensor.ts";
import {
  concat,
  divide,
  integers,
  program,
  reshape,
  scalar,
  slice,
  sqrt,
  transpose,
  type Value,
} from "../../src/graph/index.ts";
import {
  chunked,
  type MixerInputs,
  type MixerResult,
  type MixerSpec,
  parallel,
  parseMixer,
} from "../../src/mixers/index.ts";
import { declareMixer } from "../../src/mixers/spec.ts";
import { dataPath, dataTest } from "../data.ts";
import { type Backend, compute, expectAll, type Numbers, variablesOf, withGradients } from "./harness.ts";

/** How a family of golden files becomes a mixer. */
interface Golden {
  readonly files: readonly string[];
  readonly spec: (metadata: Metadata) => MixerSpec;
  readonly inputs: (file: Readonly<Record<string, Value>>, metadata: Metadata) => MixerInputs;
  /** The mixer's output and state under the file's names. */
  readonly outputs: (result: MixerResult) => Readonly<Record<string, Value>>;
  readonly tolerance?: number;
}

interface Metadata {
  readonly window: number;
  readonly affine: boolean;
  readonly activation: string;
  readonly file: string;
}

const zeros = (shape: readonly number[]) => scalar(0, shape);

const lolcats: Golden = {
  files: ["sw", "tk"].flatMap((kind) =>
    ["", "_affine", "_state"].flatMap((variant) =>
      kind === "tk" && variant === "_state"
        ? []
        : ["", "_t1", "_t7"].map((length) => `lolcats_${kind}${variant}${length}`),
    ),
  ),
  spec: ({ window, affine, activation, file }) =>
    parseMixer({
      window: file.includes("_tk") ? { kind: "terrace", size: window, compat: true } : { kind: "slide", size: window },
      state: {
        featureMap: { kind: "hedgehog", activation: activation === "exp_dim" ? "exp" : "softmax" },
        read: { kind: "outside-window" },
      },
      normalize: { kind: "joint" },
      mix: { kind: "gamma", affine },
    }),
  inputs: ({ q, k, v, layer_q, layer_k, window_factors, kv_state, k_state }, { window }) => {
    const [batch = 1, heads = 1, , dim = 1] = (q as Value).shape;
    const parameters = {
      "featureMap.queries": layer_q as Value,
      "featureMap.keys": layer_k as Value,
      windowFactor: reshape(window_factors as Value, [heads]),
    };
    const inputs = { queries: q as Value, keys: k as Value, values: v as Value, parameters };
    if (kv_state === undefined || k_state === undefined) return inputs;
    const empty = zeros([batch, heads, window, dim]);
    const recurrent = concat([kv_state, transpose(k_state, [0, 1, 3, 2])], 3);
    const seen = integers(new Array<number>(batch).fill(0));
    return { ...inputs, state: { recurrent, keys: empty, values: empty, seen } };
  },
  outputs: ({ output }) => ({ output }),
};

const softmax: Golden = {
  files: ["softmax_causal", "softmax_causal_t1", "softmax_causal_t7"],
  spec: () => parseMixer({ window: { kind: "full" } }),
  inputs: ({ query, key, value }) => ({
    queries: query as Value,
    keys: key as Value,
    values: value as Value,
    parameters: {},
  }),
  outputs: ({ output }) => ({ output: transpose(output, [0, 2, 1, 3]) }),
};

/** Time first, as flash-linear-attention has it. */
const byHead = (x: Value) => transpose(x, [0, 2, 1, 3]);

const linear: Golden = {
  files: [
    "linear_attn",
    "linear_attn_t1",
    "linear_attn_t7",
    "linear_attn_norm",
    "linear_attn_norm_t1",
    "linear_attn_norm_t7",
  ],
  spec: ({ file }) =>
    parseMixer({
      state: { featureMap: { kind: "identity" } },
      normalize: { kind: file.includes("norm") ? "row" : "none" },
    }),
  inputs: ({ q, k, v, initial_state, initial_state_z }) => {
    const [batch = 1, , , dim = 1] = (q as Value).shape;
    const state = initial_state as Value;
    const recurrent =
      initial_state_z === undefined ? state : concat([state, transpose(initial_state_z, [0, 2, 3, 1])], 3);
    return {
      queries: divide(byHead(q as Value), sqrt(scalar(dim))),
      keys: byHead(k as Value),
      values: byHead(v as Value),
      parameters: {},
      state: { recurrent, seen: integers(new Array<number>(batch).fill(0)) },
    };
  },
  outputs: ({ output, state }) => {
    const recurrent = state?.recurrent as Value;
    const dim = output.shape[3] ?? 0;
    const final_state = slice(recurrent, 3, 0, dim);
    if (recurrent.shape[3] === dim) return { output: byHead(output), final_state };
    return { output: byHead(output), final_state, final_state_z: transpose(slice(recurrent, 3, dim), [0, 3, 1, 2]) };
  },
};

function open(file: string): TensorSource {
  return openSafetensors(dataPath("mixers", `${file}.safetensors`));
}

function metadataOf(source: TensorSource, file: string): Metadata {
  const given = JSON.parse(String(source.metadata.get("arguments")));
  return { window: given.window_size, affine: given.affine, activation: given.act, file };
}

async function check(golden: Golden, file: string, form: typeof parallel, backend: Backend): Promise<void> {
  const source = open(file);
  try {
    const metadata = metadataOf(source, file);
    const numbers = Object.fromEntries(source.names().map((name) => [name, readFloat64(source, name)]));
    const names = source.names().filter((name) => source.has(`grad_${name}`));
    const variables = variablesOf(Object.fromEntries(names.map((name) => [name, source.info(name).shape])));
    const result = form(golden.spec(metadata), golden.inputs(variables, metadata));
    const outputs = golden.outputs(result);
    const weights = Object.keys(outputs).map((name) => [
      `weight.${name}`,
      numbers[`weight${weightSuffix(name)}`] ?? [],
    ]);
    const actual = await compute(backend, withGradients(outputs, variables), {
      ...numbers,
      ...Object.fromEntries(weights),
    });
    const expected: Record<string, ArrayLike<number>> = {};
    for (const name of Object.keys(outputs)) expected[name] = numbers[name] ?? [];
    for (const name of names) expected[`gradient.${name}`] = numbers[`grad_${name}`] ?? [];
    expectAll(actual, expected, {
      backend,
      tolerance: backend === "float64" ? (golden.tolerance ?? 1e-9) : 1e-4,
      what: file,
    });
  } finally {
    source.close();
  }
}

const weightSuffix = (output: string) => (output === "output" ? "" : `_${output.replace("final_", "")}`);

describe.each(Object.entries({ parallel, chunked }))("the %s form equals the golden files", (_name, form) => {
  for (const golden of [lolcats, softmax, linear]) {
    for (const file of golden.files) {
      for (const backend of ["float64", "float32"] as const)
        dataTest(`${file} in ${backend}`, () => check(golden, file, form, backend));
    }
  }
});

dataTest("Hedgehog features equal the golden files", async () => {
  for (const file of ["lolcats_sw", "lolcats_sw_t7", "lolcats_tk_t1"]) {
    const source = open(file);
    const numbers: Numbers = Object.fromEntries(source.names().map((name) => [name, readFloat64(source, name)]));
    const { state } = declareMixer(lolcats.spec(metadataOf(source, file)));
    const variables = variablesOf(Object.fromEntries(source.names().map((name) => [name, source.info(name).shape])));
    const { q, k, layer_q, layer_k } = variables;
    const parameters = { "featureMap.queries": layer_q as Value, "featureMap.keys": layer_k as Value };
    expect(state).toBeDefined();
    if (state === undefined) continue;
    const made = program({
      f_q: state.featureMap.queries(q as Value, parameters),
      f_k: state.featureMap.keys(k as Value, parameters, (q as Value).shape[1] ?? 1),
    });
    const actual = await compute("float64", made, numbers);
    expectAll(
      actual,
      { f_q: numbers.f_q ?? [], f_k: numbers.f_k ?? [] },
      { backend: "float64", tolerance: 1e-12, what: file },
    );
    source.close();
  }
});
