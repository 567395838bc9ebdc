/** What the pieces of a block share in one call. */
import type { Block } from "../families/index.ts";
import type { Value } from "../graph/index.ts";
import type { Angles } from "../mixers/index.ts";
import type { LayerValues, Projection } from "./projection.ts";

/** What a call knows of the calls before it. */
export interface Past {
  /** What they left of the block's own parts, by the names of `partsState`. */
  readonly parts: Readonly<Record<string, Value>>;
  /** Tokens before this call, int64 `[batch]`. */
  readonly seen: Value;
  /** Real tokens of a call that is padded on the right, int64 `[batch]`. */
  readonly count?: Value | undefined;
}

/** A call of a block. */
export interface BlockCall {
  readonly block: Block;
  readonly weights: LayerValues;
  readonly project: Projection;
  readonly angles: Angles;
  /** Absent where sequences begin and end with the call. */
  readonly past?: Past;
}

/** What a piece of a block leaves for later calls, by the names of `partsState`; nothing where its call has no past. */
export type Left = Readonly<Record<string, Value>>;
