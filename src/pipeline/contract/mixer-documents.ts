/** The documents of the verbs about token mixers, as `--json` prints them. */
import { z } from "zod";

const bytes = z.number().nonnegative();
const shape = z.array(z.int().nonnegative());

const stateBytes = bytes.describe("State of one sequence of 1024 tokens, without the count of tokens seen");
const stateGrowth = bytes.describe("What each further token adds, the mean from 8192 to 16384; 0 for a fixed size");

/** What `mixers list` returns. */
export const mixersListSchema = z.object({
  heads: z.int().positive(),
  dim: z.int().positive(),
  mixers: z.array(
    z.object({
      name: z.string(),
      title: z.string(),
      paper: z.string(),
      forms: z.array(z.string()).describe("parallel, chunked, step, fused: those it can be computed by"),
      state_bytes: stateBytes,
      state_bytes_per_token: stateGrowth,
      goldens: z.boolean().describe("Published code's results are compared with it (`mixers check`)"),
    }),
  ),
});
export type MixersListDocument = z.infer<typeof mixersListSchema>;

/** What `mixers show` returns. */
export const mixersShowSchema = z.object({
  name: z.string(),
  title: z.string(),
  paper: z.string(),
  equation: z.string(),
  heads: z.int().positive(),
  groups: z.int().positive().describe("Key and value heads"),
  dim: z.int().positive(),
  hidden: z.int().positive(),
  length: z.int().positive(),
  spec: z.record(z.string(), z.unknown()).describe("The mixer as a recipe has it, defaults left out"),
  axes: z.array(z.object({ axis: z.string(), value: z.string() })).describe("The same, a line per axis"),
  forms: z.array(
    z.object({
      form: z.string(),
      available: z.boolean(),
      reason: z.string().nullable().describe("Why it is missing"),
    }),
  ),
  parameters: z.array(z.object({ name: z.string(), shape, initial: z.string() })).describe("Learned tensors"),
  streams: z.array(z.object({ name: z.string(), shape })).describe("What it reads beside queries, keys and values"),
  state: z.array(z.object({ name: z.string(), dtype: z.string(), shape, bytes })),
  state_bytes: stateBytes,
  state_bytes_per_token: stateGrowth,
  oracles: z
    .array(
      z.object({
        function: z.string(),
        part: z.string().nullable().describe("The part of the mixer that is compared; null for all of it"),
        when: z.record(z.string(), z.unknown()).describe("Arguments that the published run must have had"),
        float32: z.number().describe("Tolerance of float32"),
        because: z.string().nullable().describe("Why it is looser than for others"),
      }),
    )
    .describe("Published code whose results it answers to"),
});
export type MixersShowDocument = z.infer<typeof mixersShowSchema>;

const error = z
  .number()
  .nullable()
  .describe(
    "Largest error, max|a − b| / max|b| per tensor; null where there is nothing to compare or `fault` says why",
  );

/** What `mixers check` returns. */
export const mixersCheckSchema = z.object({
  files: z.array(
    z.object({
      file: z.string(),
      oracle: z.string().nullable().describe("The published function, as the file names it"),
      preset: z.string().nullable().describe("The mixer that answers to it"),
      passed: z.boolean(),
      error: z.string().nullable().describe("Why the file could not be checked"),
      tolerance: z.object({ float64: z.number(), float32: z.number() }).nullable(),
      because: z.string().nullable().describe("Why the tolerance of float32 is looser than for others"),
      forms: z.array(
        z.object({
          form: z.string(),
          dtype: z.string().describe("float64 by the reference interpreter, float32 by the engine"),
          output: error,
          state: error,
          gradients: error,
          passed: z.boolean(),
          fault: z.string().nullable().describe("Results that are no finite numbers"),
        }),
      ),
    }),
  ),
});
export type MixersCheckDocument = z.infer<typeof mixersCheckSchema>;

const seconds = z.number().nonnegative();
const ratio = z.number().nonnegative();

/** What `bench mixers` returns. */
export const benchMixersSchema = z.object({
  threads: z.int().positive(),
  heads: z.int().positive(),
  dim: z.int().positive(),
  repeats: z.int().positive(),
  seed: z.int().nonnegative(),
  memory_ceiling_bytes: bytes,
  output: z.string().nullable().describe("The plot that was written"),
  mixers: z.array(
    z.object({
      name: z.string(),
      form: z.string().nullable().describe("What was timed: chunked, or parallel where that is missing"),
      rows: z.array(
        z.object({
          length: z.int().positive().describe("Tokens of one sequence"),
          forward_seconds: seconds.describe("Median"),
          backward_seconds: seconds.describe("Forward and backward in one program, median"),
          step_seconds: seconds.nullable().describe("One token after so many, median; null without that form"),
          runs: z.int().positive().describe("Runs of forward and backward that the median is of"),
          tensor_bytes: bytes.describe(
            "The most bytes of tensors alive at once in the largest program, counted in its graph",
          ),
          memory_bytes: bytes
            .nullable()
            .describe(
              "What the process occupied beyond its memory before, in forward and backward; at least `tensor_bytes`; null where unknown",
            ),
          state_bytes: bytes.describe("State of a sequence of this length"),
        }),
      ),
      ratios: z
        .array(
          z.object({
            length: z.int().positive(),
            forward: ratio,
            backward: ratio,
            above: z.boolean().describe("One of them is above 2.3: more than linear"),
          }),
        )
        .describe("Time of twice the length over time of the length, from 1024 on"),
      stopped: z.string().nullable().describe("Why longer sequences were not measured"),
    }),
  ),
});
export type BenchMixersDocument = z.infer<typeof benchMixersSchema>;
