/** Quantities for people: bytes, durations, rates, perplexities. */

const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** `1.5 GiB`: three digits, binary units. */
export function bytes(count: number): string {
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toPrecision(3)} ${BYTE_UNITS[unit]}`;
}

/** `42 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "unknown time";
  if (seconds < 10) return `${Number(seconds.toFixed(1))} s`;
  const rounded = Math.round(seconds);
  for (const [size, name, below, belowName] of [
    [86400, "d", 3600, "h"],
    [3600, "h", 60, "min"],
    [60, "min", 1, "s"],
  ] as const) {
    if (rounded < size) continue;
    const rest = Math.floor((rounded % size) / below);
    return `${Math.floor(rounded / size)} ${name}${rest > 0 ? ` ${rest} ${belowName}` : ""}`;
  }
  return `${rounded} s`;
}

/** `850`, `9999`, `12.3k`, `1.5M`: three digits from ten thousand on. */
export function count(value: number): string {
  for (const [least, size, unit] of [
    [1e9, 1e9, "B"],
    [1e6, 1e6, "M"],
    [1e4, 1e3, "k"],
  ] as const) {
    // From just below, three digits round up to the next unit.
    if (value >= 0.9995 * least) return `${Number((value / size).toPrecision(3))}${unit}`;
  }
  return String(Math.round(value));
}

/** A measured number with at most `digits` significant digits; `–` where it was not measured. */
export function measured(value: number | null | undefined, digits = 4): string {
  if (value === null || value === undefined) return "–";
  if (!Number.isFinite(value)) return String(value);
  if (value !== 0 && (Math.abs(value) >= 1e7 || Math.abs(value) < 1e-4)) return value.toExponential(2);
  return String(Number(value.toPrecision(digits)));
}

/** The same with trailing zeros, for columns whose numbers are to look alike: `26.00` beside `37.77`. */
export function precise(value: number, digits = 4): string {
  const size = Math.abs(value);
  if (!Number.isFinite(value) || size >= 1e7 || (value !== 0 && size < 1e-4)) return measured(value, digits);
  return size >= 10 ** (digits - 1) ? String(Math.round(value)) : value.toPrecision(digits);
}

/** A share as per cent, for such columns: `2.30 %` beside `12.6 %`. */
export function precisePercent(share: number): string {
  return `${precise(100 * share, 3)} %`;
}

/** A share as per cent. */
export function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}
