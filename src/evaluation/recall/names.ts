/** Made-up names and numbers: nothing but the text itself can tell them. */
import type { Draw } from "../draw.ts";

const consonants = "bdfgklmnprstvz";
const vowels = "aeiou";
const figures = "0123456789";
const capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** A made-up name of open syllables, such as `Dovena`. */
export function drawName(draw: Draw, syllables: number): string {
  const name = Array.from({ length: syllables }, () => draw.text(consonants, 1) + draw.text(vowels, 1)).join("");
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** A number of so many digits, as it stands after a space or a mark. */
export function drawNumber(draw: Draw, digits: number): string {
  return draw.text(figures, digits);
}

/** A mark of capital letters, such as `QZ`. */
export function drawMark(draw: Draw, letters: number): string {
  return draw.text(capitals, letters);
}

/** How many marks of one letter there are. */
export const countOfCapitals = 26;
