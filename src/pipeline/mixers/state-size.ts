/** How large a mixer's state is, and how it grows. */
import { bytesOf } from "../../graph/index.ts";
import { type MixerSizes, type MixerSpec, stateLayout } from "../../mixers/index.ts";

/** The length that a state is stated for, and two between which its growth is. */
const [usual, long, longer] = [1024, 8192, 16384];

/** Bytes of a state. */
export interface StateSize {
  /** For a sequence of 1024 tokens. */
  readonly bytes: number;
  /** The mean of what tokens 8193 to 16384 add; 0 where the size is fixed. */
  readonly perToken: number;
}

/** Bytes of the state after a sequence of at most `sizes.length` tokens, without the count of tokens seen. */
export function stateBytesAt(spec: MixerSpec, sizes: MixerSizes): number {
  const { seen: _counter, ...tensors } = stateLayout(spec, sizes);
  return Object.values(tensors).reduce((total, type) => total + bytesOf(type), 0);
}

/** The size of a mixer's state and its growth, whatever `sizes.length` says. */
export function stateSize(spec: MixerSpec, sizes: MixerSizes): StateSize {
  const at = (length: number) => stateBytesAt(spec, { ...sizes, length });
  return { bytes: at(usual), perToken: (at(longer) - at(long)) / (longer - long) };
}
