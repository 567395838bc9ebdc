/** RWKV-4: a recurrence of exponents in attention's place, and projections that read the token before as well (arXiv 2305.13048). */
import { z } from "zod";
import { parseMixer } from "../../mixers/index.ts";
import { ConfigProblem, configSchema, size } from "../config.ts";
import { decoder } from "../decoder.ts";
import type { Family } from "../family.ts";
import { layerNames, modelNames } from "../names.ts";
import { stillRope } from "../rope/rope.ts";

const shape = {
  ...{ vocab_size: size, hidden_size: size, num_hidden_layers: size, context_length: size.default(1024) },
  ...{ attention_hidden_size: size.nullish(), intermediate_size: size.nullish() },
  layer_norm_epsilon: z.number().positive().default(1e-5),
  tie_word_embeddings: z.boolean().default(false),
  // Published code halves the stream every so many layers, for half precision: the same numbers, but for the norms' epsilon.
  rescale_every: z.unknown().optional(),
};

/** Exponents decay by learned rates; the receptance that gates the result is the block's. */
const mixer = parseMixer({
  rope: "none",
  state: { decay: { kind: "exponential", per: "value", source: "learned", bias: -1 }, write: { kind: "exponents" } },
});
const mlp = { gated: false, activation: "squaredRelu", outputGate: true } as const;

const modules = {
  ...{ attentionNorm: "ln1", queries: "attention.receptance", keys: "attention.key", values: "attention.value" },
  ...{ output: "attention.output", mlpNorm: "ln2", up: "feed_forward.key", down: "feed_forward.value" },
  mlpOutputGate: "feed_forward.receptance",
} as const;
const shifts = ["queries", "keys", "values", "up", "mlpOutputGate"] as const;
const prefix = "rwkv.blocks.{layer}.";
const ofShifts = shifts.map(
  (role) => [`${role}Shift`, `${prefix}${modules[role].replace(".", ".time_mix_")}`] as const,
);

/** The family's description. */
const family: Family = {
  name: "rwkv",
  modelTypes: ["rwkv"],
  config: configSchema(shape, (c) => {
    const width = c.attention_hidden_size ?? c.hidden_size;
    if (width % 2 !== 0) throw new ConfigProblem(`an attention_hidden_size of ${width}: an even number is needed`);
    const norm = { kind: "layer", epsilon: c.layer_norm_epsilon, offset: 0, bias: true } as const;
    return decoder(
      {
        ...{ family: "rwkv", hiddenSize: c.hidden_size, layers: c.num_hidden_layers },
        ...{ heads: 1, groups: 1, headDim: width, vocabularySize: c.vocab_size, context: c.context_length, norm },
      },
      {
        ...{ mixer, shifts, outputGate: "queries" },
        mlp: { ...mlp, size: c.intermediate_size ?? 4 * c.hidden_size },
      },
      {
        ropes: [stillRope(width)],
        tiedHead: c.tie_word_embeddings,
        embedding: { scale: 1, norm },
        // The last norm has an epsilon that no key tells.
        norm: { ...norm, epsilon: 1e-5 },
      },
    );
  }),
  tensors: {
    model: modelNames({
      ...{ embedding: "rwkv.embeddings", embeddingNorm: "rwkv.blocks.0.pre_ln" },
      ...{ finalNorm: "rwkv.ln_out", head: "head" },
    }),
    layer: {
      ...layerNames(prefix, modules),
      ...Object.fromEntries(ofShifts),
      "mixer.decay.bias": `${prefix}attention.time_decay`,
      "mixer.bonus.bias": `${prefix}attention.time_first`,
    },
    lies: Object.fromEntries(ofShifts.map(([role]) => [role, "row"] as const)),
    redundant: [],
  },
};

export default family;
