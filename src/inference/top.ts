/** The largest elements of an array, without sorting all of it. */

/** Indices of the `count` largest values, largest first; equal values in the order of their indices. NaN is never chosen. */
export function topIndices(values: Float32Array, count: number): number[] {
  // A heap whose root is the worst index kept so far.
  const heap: number[] = [];
  const worse = (a: number, b: number): boolean => {
    const [x, y] = [values[a] ?? Number.NaN, values[b] ?? Number.NaN];
    return x < y || (x === y && a > b);
  };
  const swap = (i: number, j: number) => {
    [heap[i], heap[j]] = [heap[j] ?? 0, heap[i] ?? 0];
  };
  const sink = (start: number) => {
    for (let parent = start; ; ) {
      let worst = parent;
      for (const child of [2 * parent + 1, 2 * parent + 2]) {
        if (child < heap.length && worse(heap[child] ?? 0, heap[worst] ?? 0)) worst = child;
      }
      if (worst === parent) return;
      swap(parent, worst);
      parent = worst;
    }
  };
  const rise = (start: number) => {
    for (let child = start; child > 0; ) {
      const parent = (child - 1) >> 1;
      if (!worse(heap[child] ?? 0, heap[parent] ?? 0)) return;
      swap(child, parent);
      child = parent;
    }
  };
  let threshold = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < values.length && count > 0; index++) {
    const value = values[index] ?? Number.NaN;
    if (Number.isNaN(value)) continue;
    if (heap.length < count) {
      heap.push(index);
      rise(heap.length - 1);
    } else if (value > threshold) {
      heap[0] = index;
      sink(0);
    }
    threshold = values[heap[0] ?? 0] ?? threshold;
  }
  return heap.sort((a, b) => (worse(a, b) ? 1 : -1));
}
