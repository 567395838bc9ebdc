/** How long a conversion would take on this machine: counted operations, and one timed product. */
import { layerShapes, modelShapes, valuesIn } from "../families/index.ts";
import { input, matmul, program } from "../graph/index.ts";
import type { Shaped } from "../inference/model.ts";
import type { Recipe } from "../recipes/index.ts";
import { createEngine, floats } from "../runtime/index.ts";

/** Share of a large product's speed that training reaches: small products, norms and the mixers' own work are in it. */
const efficiency = 0.5;
/** Rows of the timed product. */
const rows = 512;
/** Products timed; the fastest counts. */
const repeats = 3;

/** Operations per token of passing forward through all blocks. */
function forwardOperations({ architecture }: Shaped): number {
  return 2 * architecture.blocks.reduce((sum, block) => sum + valuesIn(layerShapes(block)), 0);
}

/** Operations of a recipe's stages: a teacher's pass for layers that learn apart; forward, twice backward and the head otherwise. */
function operations(model: Shaped, { stages }: Pick<Recipe, "stages">): number {
  const forward = forwardOperations(model);
  const head = 2 * valuesIn(modelShapes(model.architecture));
  return stages.reduce(
    (sum, stage) => sum + stage.tokens * (stage.kind === "layerwise" ? 2 * forward : 3 * (forward + head)),
    0,
  );
}

/** Operations per second of a product as wide as the model's stream. */
async function speed(width: number, threads: number): Promise<number> {
  const engine = createEngine({ threads });
  try {
    const product = await engine.compile(
      program({ y: matmul(input("x", [rows, width]), input("w", [width, width]), { transposeB: true }) }),
    );
    const feeds = { x: floats([rows, width]), w: floats([width, width]) };
    let best = Number.POSITIVE_INFINITY;
    for (let time = 0; time <= repeats; time++) {
      const began = performance.now();
      await product.run(feeds);
      // The first one warms up.
      if (time > 0) best = Math.min(best, performance.now() - began);
    }
    return (2 * rows * width * width) / (best / 1000);
  } finally {
    await engine.release();
  }
}

/** Seconds that training by a recipe would take, within a factor of about two. */
export async function secondsNeeded(model: Shaped, recipe: Pick<Recipe, "stages">, threads: number): Promise<number> {
  const rate = efficiency * (await speed(Math.max(256, model.architecture.hiddenSize), threads));
  return operations(model, recipe) / rate;
}
