import { defineConfig } from "tsdown";

export default defineConfig({
  entry: {
    index: "src/index.ts",
    "cli/main": "src/cli/main.ts",
    // Found by their folder, so each stays a file of its own.
    "families/known/*": "src/families/known/*.ts",
  },
  format: "esm",
  platform: "node",
  target: "node20",
  dts: { entry: "src/index.ts" },
  clean: true,
  // The package is an ES module already: plain .js and .d.ts, as package.json names them.
  fixedExtension: false,
});
