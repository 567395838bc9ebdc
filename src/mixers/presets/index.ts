/** The catalogue: presets by their published names. A new one is here by being listed. */

import { atlas } from "./atlas.ts";
import { based } from "./based.ts";
import { blockSparse } from "./block-sparse.ts";
import { clear } from "./clear.ts";
import { comba } from "./comba.ts";
import { combiner } from "./combiner.ts";
import { cosFormer } from "./cosformer.ts";
import { deltaNet } from "./delta-net.ts";
import { deltaProduct, gatedDeltaProduct } from "./delta-product.ts";
import { deltaFormer } from "./deltaformer.ts";
import { dilated } from "./dilated.ts";
import { flowformer } from "./flowformer.ts";
import { flowformerCausal } from "./flowformer-causal.ts";
import { forgetting } from "./forgetting.ts";
import { gatedDeltaNet } from "./gated-delta-net.ts";
import { gdn2 } from "./gdn2.ts";
import { gla } from "./gla.ts";
import { gsa } from "./gsa.ts";
import { hedgehog } from "./hedgehog.ts";
import { hgrn } from "./hgrn.ts";
import { hgrn2 } from "./hgrn2.ts";
import { inline } from "./inline.ts";
import { inlineCausal } from "./inline-causal.ts";
import { kda } from "./kda.ts";
import { lawcat } from "./lawcat.ts";
import { ligerGla } from "./liger-gla.ts";
import { ligerGsa } from "./liger-gsa.ts";
import { ligerHgrn2 } from "./liger-hgrn2.ts";
import { lightning } from "./lightning.ts";
import { linearAttention } from "./linear-attention.ts";
import { plainLinearAttention } from "./linear-attention-plain.ts";
import { lit } from "./lit.ts";
import { lizard } from "./lizard.ts";
import { lla } from "./lla.ts";
import { lmu } from "./lmu.ts";
import { logLinear } from "./log-linear.ts";
import { lolcats } from "./lolcats.ts";
import { lolcatsTerrace } from "./lolcats-terrace.ts";
import { longvq } from "./longvq.ts";
import { mala } from "./mala.ts";
import { malaCausal } from "./mala-causal.ts";
import { mamba } from "./mamba.ts";
import { mamba2 } from "./mamba2.ts";
import { masformer } from "./masformer.ts";
import { mesa } from "./mesa.ts";
import { momentumDelta } from "./momentum-delta.ts";
import { nsaSelection } from "./nsa-selection.ts";
import { parallax } from "./parallax.ts";
import { pathAttention } from "./path.ts";
import { performer } from "./performer.ts";
import { rebased } from "./rebased.ts";
import { retnet } from "./retnet.ts";
import { rgLru } from "./rg-lru.ts";
import { rpe } from "./rpe.ts";
import { rpeFft } from "./rpe-fft.ts";
import { rwkv4 } from "./rwkv4.ts";
import { rwkv6 } from "./rwkv6.ts";
import { rwkv7 } from "./rwkv7.ts";
import { sea } from "./sea.ts";
import { simpleGla } from "./simple-gla.ts";
import { slab } from "./slab.ts";
import { slidingWindow } from "./sliding-window.ts";
import { softmax } from "./softmax.ts";
import { softmaxBidirectional } from "./softmax-bidirectional.ts";
import { sse } from "./sse.ts";
import { streamingLlm } from "./streaming-llm.ts";
import { subquad } from "./subquad.ts";
import { supra } from "./supra.ts";
import { titansLinear } from "./titans.ts";
import { transnormer } from "./transnormer.ts";
import { transnormerDiag } from "./transnormer-diag.ts";
import { tttLinear } from "./ttt.ts";

/** Every preset, from exact attention to the states that converted models use. */
export const catalogue = [
  softmax,
  slidingWindow,
  streamingLlm,
  dilated,
  blockSparse,
  forgetting,
  nsaSelection,
  softmaxBidirectional,
  clear,
  linearAttention,
  plainLinearAttention,
  hedgehog,
  lolcats,
  lolcatsTerrace,
  supra,
  ligerGla,
  ligerHgrn2,
  ligerGsa,
  lawcat,
  lizard,
  subquad,
  based,
  rebased,
  cosFormer,
  performer,
  retnet,
  lightning,
  gla,
  simpleGla,
  hgrn,
  hgrn2,
  rgLru,
  gsa,
  mamba,
  mamba2,
  deltaNet,
  gatedDeltaNet,
  deltaProduct,
  gatedDeltaProduct,
  comba,
  gdn2,
  momentumDelta,
  mesa,
  logLinear,
  tttLinear,
  titansLinear,
  atlas,
  pathAttention,
  deltaFormer,
  kda,
  rwkv4,
  rwkv6,
  rwkv7,
  flowformerCausal,
  malaCausal,
  inlineCausal,
  transnormer,
  sse,
  lla,
  parallax,
  masformer,
  longvq,
  lmu,
  combiner,
  rpe,
  rpeFft,
  sea,
  flowformer,
  inline,
  lit,
  mala,
  slab,
  transnormerDiag,
] as const;
