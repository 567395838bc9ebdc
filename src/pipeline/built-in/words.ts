/** The vocabulary of planted facts: subjects, and values that nothing but the text before can tell. */
import type { Random } from "./random.ts";

const ADJECTIVES =
  "Amber Ashen Barren Bitter Black Blue Brass Broken Cedar Clover Copper Coral Crimson Dusky Ebony Fallen Frosty Golden Granite Green Grey Hidden Hollow Humble Iron Ivory Jade Linen Lonely Marble Misty Mossy Narrow Olive Orchid Pale Pearl Pewter Quiet Rainy Red Rosy Rusty Saffron Sandy Scarlet Silent Silver Stony Sunny Tall Velvet Violet Wander White Wicker Wild Winding Windy Yellow".split(
    " ",
  );
const PLACES =
  "Abbey Arch Barn Bay Bridge Castle Cave Chapel Cottage Court Creek Cross Dock Farm Ferry Field Ford Fort Gate Glen Grove Hall Harbor Haven Hill House Inn Island Lake Lodge Manor Marsh Meadow Mill Mine Orchard Palace Park Pass Point Pond Quay Ridge River Rock Shore Spring Square Tower Vale Villa Well Wharf Wood Yard".split(
    " ",
  );
const FIRST_NAMES =
  "Abel Ada Agnes Albert Alice Amos Anna Arthur Bella Caleb Clara Daniel Dora Edgar Edith Eli Ellen Emma Enoch Esther Felix Flora Frank George Grace Hannah Harold Helen Henry Hugo Ida Irene Isaac Ivan Jacob Jane Joel Julia Laura Leon Lewis Lucy Mabel Martha Mary Max Miles Nathan Nora Oscar Otto Paul Peter Philip Rachel Ralph Rose Ruth Samuel Sarah Silas Simon Sophia Stella Susan Thomas Victor Walter".split(
    " ",
  );
const LAST_NAMES =
  "Abbott Archer Bailey Barlow Bishop Boyd Brewer Carver Chase Clay Colby Cooper Crane Cross Dalton Dawson Drake Draper Ellis Emery Farrow Finch Fisher Fletcher Foster Frost Gale Garner Goddard Grant Hale Harper Hawke Hobbs Holt Hooper Hurst Jarvis Keller Kemp Lambert Lowell Marlow Mason Mercer Moody Norton Oakes Parker Perkins Piper Porter Quincy Ramsey Reeves Rowe Sawyer Sexton Shaw Slater Stark Tanner Thorne Tucker Turner Vance Wade Walker Webb Whitby Wilder Yates".split(
    " ",
  );
const CONSONANTS = "bdfgklmnprstvz";
const VOWELS = "aeiou";

/** Which combinations of two words a generator may use: those reserved for the test, or all others. */
export type Share = "training" | "held-out";

/** One combination in eight is kept for the held-out documents and the recall test. */
const RESERVED_ONE_IN = 8;

/** Whether a pair of words (by their places in their lists) belongs to the held-out share. */
function isReserved(first: number, second: number): boolean {
  return (first * 31 + second * 17) % RESERVED_ONE_IN === 0;
}

function pair(random: Random, share: Share, firsts: readonly string[], seconds: readonly string[]): string {
  for (;;) {
    const first = random.integer(0, firsts.length - 1);
    const second = random.integer(0, seconds.length - 1);
    if (isReserved(first, second) === (share === "held-out")) return `${firsts[first]} ${seconds[second]}`;
  }
}

/** A place of two words, such as "Amber Hall". */
export function drawPlace(random: Random, share: Share): string {
  return pair(random, share, ADJECTIVES, PLACES);
}

/** A person of two names, such as "Clara Holt". */
export function drawPerson(random: Random, share: Share): string {
  return pair(random, share, FIRST_NAMES, LAST_NAMES);
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
