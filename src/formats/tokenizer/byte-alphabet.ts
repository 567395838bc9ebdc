/** GPT-2's alphabet: each byte as one printable character, as byte-level vocabularies spell their tokens. */

const PRINTABLE: readonly (readonly [number, number])[] = [
  [0x21, 0x7e],
  [0xa1, 0xac],
  [0xae, 0xff],
];

const characters = new Array<string>(256);
let next = 256;
for (let byte = 0; byte < 256; byte++) {
  const printable = PRINTABLE.some(([first, last]) => byte >= first && byte <= last);
  characters[byte] = String.fromCodePoint(printable ? byte : next++);
}

const bytes = new Map(characters.map((character, byte) => [character, byte]));

/** The character that stands for a byte: printable Latin-1 for itself, the others from U+0100 on. */
export function byteCharacter(byte: number): string {
  const character = characters[byte];
  if (character === undefined) throw new RangeError(`${byte} is not a byte`);
  return character;
}

/** The bytes that a token of a byte-level vocabulary spells, or undefined where a character is not of the alphabet. */
export function spelledBytes(token: string): Uint8Array | undefined {
  const result: number[] = [];
  for (const character of token) {
    const byte = bytes.get(character);
    if (byte === undefined) return undefined;
    result.push(byte);
  }
  return Uint8Array.from(result);
}
