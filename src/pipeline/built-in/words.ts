/** The vocabulary of planted facts: subjects, and values that nothing but the text before can tell. */
import type { Random } from "./random.ts";

const CONSONANTS = "bdfgklmnprstvz";
const VOWELS = "aeiou";

/** Which made-up subjects a generator may use: those reserved for held-out documents and the recall test, or all others. */
export type Share = "training" | "held-out";

/** One subject in eight is kept for the held-out share. */
const RESERVED_ONE_IN = 8;

/** Whether a made-up subject belongs to the held-out share. */
export function isReserved(subject: string): boolean {
  let sum = 0;
  for (let i = 0; i < subject.length; i++) sum = sum * 31 + subject.toLowerCase().charCodeAt(i);
  return sum % RESERVED_ONE_IN === 0;
}

/** A subject of the given share, drawn by `draw` until one fits. */
export function drawSubject(draw: (random: Random) => string, random: Random, share: Share): string {
  for (;;) {
    const subject = draw(random);
    if (isReserved(subject) === (share === "held-out")) return subject;
  }
}

/** Two capital letters, such as "QZ". */
export function drawMark(random: Random): string {
  const letter = () => String.fromCharCode(65 + random.integer(0, 25));
  return letter() + letter();
}

/** Four digits. */
export function drawNumber(random: Random): string {
  return String(random.integer(0, 9999)).padStart(4, "0");
}

/** A made-up word of three open syllables, such as "kevolu". */
export function drawWord(random: Random): string {
  let word = "";
  for (let i = 0; i < 3; i++) word += random.pick([...CONSONANTS]) + random.pick([...VOWELS]);
  return word;
}

/** A made-up proper name of two or three syllables, such as "Dovena". */
export function drawName(random: Random): string {
  const word = drawWord(random).slice(0, random.pick([5, 6]));
  return word.charAt(0).toUpperCase() + word.slice(1);
}
