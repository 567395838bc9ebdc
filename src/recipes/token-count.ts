/** Token counts as people write them: `300000`, `300k`, `1M`, `1.5M`. */
/** What a token count looks like. */
export const COUNT = /^(\d+(?:\.\d+)?)\s*([kKmMgGbB]?)$/;
const FACTORS: Readonly<Record<string, number>> = { "": 1, k: 1e3, m: 1e6, g: 1e9, b: 1e9 };

/** The number in `300`, `300k`, `1.5M` or `2B`; undefined where the text is none, is not whole or exceeds 2^53. */
export function parseTokenCount(text: string): number | undefined {
  const match = COUNT.exec(text.trim());
  if (match === null) return undefined;
  const factor = FACTORS[(match[2] ?? "").toLowerCase()] ?? 1;
  const count = Number(match[1]) * factor;
  // 1.1M is 1100000.0000000002 in binary: whole within rounding is whole.
  const whole = Math.round(count);
  return Math.abs(count - whole) < 1e-6 * factor && Number.isSafeInteger(whole) ? whole : undefined;
}

/** The shortest exact way to write a count: 300k, 1.5M, 1024. */
export function formatTokenCount(count: number): string {
  for (const [unit, factor] of [
    ["B", 1e9],
    ["M", 1e6],
    ["k", 1e3],
  ] as const) {
    if (count >= factor && Number.isInteger((count / factor) * 10)) return `${count / factor}${unit}`;
  }
  return String(count);
}
