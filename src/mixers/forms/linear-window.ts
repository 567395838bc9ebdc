/** The window branch without a length × length matrix: in blocks where the window has them, else some rows at a time. */
import type { MixerSizes } from "../contract.ts";
import type { Term } from "../normalize.ts";
import type { Mixer } from "../spec.ts";
import type { Window } from "../windows/index.ts";
import { blockedWindow } from "./blocked-window.ts";
import type { WindowInputs } from "./recurrent.ts";
import { joinTerms, windowByRows, windowRows } from "./rows-window.ts";
import { salientWindow } from "./salient-window.ts";
import type { Timeline } from "./timeline.ts";

/** The window's term; linear in the length where the window has blocks. Tokens before the first block meet everything. */
export function linearWindow(
  mixer: Mixer,
  window: Window,
  inputs: WindowInputs,
  timeline: Timeline,
  sizes: MixerSizes,
): Term {
  const { blocks, retains } = window;
  if (retains !== undefined) return salientWindow(mixer, window, retains, inputs, timeline, sizes);
  if (blocks === undefined) return windowByRows(mixer, window, inputs, timeline, sizes);
  const front = Math.min(blocks.from, sizes.length);
  const readers = () => windowRows(mixer, window, inputs, timeline, sizes, [0, front]);
  if (front === sizes.length) return readers();
  const others = blockedWindow(mixer, window, blocks, inputs, timeline, sizes);
  return front === 0 ? others : joinTerms([readers(), others]);
}
