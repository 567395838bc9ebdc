import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 120_000,
    // ONNX Runtime brings its own threads: two workers keep two cores busy without thrashing.
    maxWorkers: 2,
    pool: "forks",
  },
});
