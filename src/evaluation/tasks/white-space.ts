/** White space as the reference harness, a Python program, cuts it off: JavaScript's own differs in some characters. */

/** Every character that Python counts as white space. */
const spaces = new Set(
  [
    ...[0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x1c, 0x1d, 0x1e, 0x1f, 0x20, 0x85, 0xa0, 0x1680],
    ...Array.from({ length: 11 }, (_unused, index) => 0x2000 + index),
    ...[0x2028, 0x2029, 0x202f, 0x205f, 0x3000],
  ].map((code) => String.fromCharCode(code)),
);

/** The text without white space at its end. */
export function withoutEnd(text: string): string {
  let end = text.length;
  while (spaces.has(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}

/** The text without white space at either end. */
export function stripped(text: string): string {
  let start = 0;
  while (spaces.has(text.charAt(start))) start++;
  return withoutEnd(text.slice(start));
}
