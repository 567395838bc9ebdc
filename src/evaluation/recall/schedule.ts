/** The order of lines that are told once and asked once, at distances of every size. */
import type { Draw } from "../draw.ts";

/** One line. */
export interface Line {
  /** Which pair of key and value it holds, counted in the order in which they are told. */
  readonly pair: number;
  /** Whether it was told before. */
  readonly asked: boolean;
}

/** `count` lines: distances in lines are log-uniform, and pairs that find no place again are told only. */
export function scheduled(count: number, draw: Draw): Line[] {
  const asks = new Map<number, number>();
  let pairs = 0;
  return Array.from({ length: count }, (_unused, line) => {
    const due = asks.get(line);
    if (due !== undefined) return { pair: due, asked: true };
    const pair = pairs++;
    let again = line + Math.floor(Math.exp(draw.uniform() * Math.log(count - line)));
    while (asks.has(again)) again++;
    if (again > line && again < count) asks.set(again, pair);
    return { pair, asked: false };
  });
}
