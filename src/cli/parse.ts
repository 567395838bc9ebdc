/** Command-line values from text: token counts, lists and bounded numbers, with messages that say what is accepted. */
import { InvalidArgumentError } from "commander";
import { parseTokenCount } from "../recipes/token-count.ts";

/** A count of tokens above zero: `300`, `300k`, `1.5M`. */
export function tokens(text: string): number {
  const count = tokensOrZero(text);
  if (count === 0) throw new InvalidArgumentError("It must be above zero.");
  return count;
}

/** A count of tokens, or 0. */
export function tokensOrZero(text: string): number {
  const count = parseTokenCount(text);
  if (count === undefined) {
    throw new InvalidArgumentError("Write a whole number of tokens, for instance 4096, 300k or 1M.");
  }
  return count;
}

const BYTE_FACTORS: Readonly<Record<string, number>> = { "": 1, b: 1, kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30 };

/** Bytes above zero: `1048576`, `64MiB`, `1.5 GiB`. */
export function memory(text: string): number {
  const [, count, unit = ""] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim()) ?? [];
  const bytes = Math.floor(Number(count) * (BYTE_FACTORS[unit.toLowerCase()] ?? Number.NaN));
  if (!Number.isSafeInteger(bytes) || bytes <= 0)
    throw new InvalidArgumentError("Write a number of bytes, for instance 1048576, 64MiB or 1.5GiB.");
  return bytes;
}

/** Lengths in tokens, separated by commas: `512,2k`. */
export function lengths(text: string): number[] {
  return list(text).map(tokens);
}

/** Lengths in tokens, or none of them for `none`. */
export function lengthsOrNone(text: string): number[] {
  return text.trim() === "none" ? [] : lengths(text);
}

/** Token ids, separated by commas or white space. */
export function ids(text: string): number[] {
  const parts = text.split(/[\s,]+/).filter((part) => part !== "");
  const bad = parts.find((part) => !/^\d{1,9}$/.test(part));
  if (bad !== undefined) throw new InvalidArgumentError(`Token ids are whole numbers from 0, "${bad}" is none.`);
  if (parts.length === 0) throw new InvalidArgumentError("Write at least one token id, for instance 1,15,42.");
  return parts.map(Number);
}

/** Names separated by commas. */
export function list(text: string): string[] {
  const parts = text.split(",").map((part) => part.trim());
  if (parts.includes(""))
    throw new InvalidArgumentError("Write names or numbers separated by commas, none of them empty.");
  return parts;
}

/** A parser of whole numbers between bounds. */
export function whole(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most))
      throw new InvalidArgumentError(`Write a whole number ${range(least, most)}.`);
    return value;
  };
}

/** A parser of numbers between bounds. */
export function between(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if (!(value >= least && value <= most)) throw new InvalidArgumentError(`Write a number ${range(least, most)}.`);
    return value;
  };
}

/** Collects the values of an option that may be given several times. */
export function collect(value: string, previous: readonly string[] | undefined): string[] {
  return [...(previous ?? []), value];
}

function range(least: number, most: number): string {
  return most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`;
}
