/** Reproducible random numbers for sampling. */

/** A generator of numbers in [0, 1) from a seed: a counter, mixed (the finalizer of MurmurHash3 by A. Appleby, public domain). */
export function uniform(seed: number): () => number {
  let counter = Math.imul(seed | 0, 0x9e3779b1);
  return () => {
    counter = (counter + 0x9e3779b9) | 0;
    let mixed = counter;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  };
}
