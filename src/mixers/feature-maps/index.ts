/** The feature map axis: φ, under which the state's kernel is an inner product. */
import { axis } from "../axis.ts";
import { codebook } from "./codebook.ts";
import { cosine } from "./cosine.ts";
import { dpfp, elu, identity, logistic, normalized, one, rectified, swish, unit } from "./fixed.ts";
import { hedgehog } from "./hedgehog.ts";
import { quadratic, taylor } from "./polynomial.ts";
import { hadamard, projected } from "./projected.ts";
import { random } from "./random.ts";

export type { FeatureMap } from "./feature-map.ts";

/** All feature maps. */
export const featureMaps = axis({
  identity,
  elu,
  relu: rectified,
  silu: swish,
  sigmoid: logistic,
  softmax: normalized,
  unit,
  one,
  dpfp,
  hedgehog,
  taylor,
  quadratic,
  projected,
  hadamard,
  codebook,
  cosine,
  random,
});
