import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  bfloat16FromFloat32,
  float16FromFloat32,
  float32FromBfloat16,
  float32FromFloat16,
} from "../../src/formats/half.ts";

/** A binary float's value from its fields, by the definition of IEEE 754. */
function patternValue(pattern: number, exponentBits: number, mantissaBits: number): number {
  const sign = pattern >>> (exponentBits + mantissaBits) === 1 ? -1 : 1;
  const exponent = (pattern >>> mantissaBits) & (2 ** exponentBits - 1);
  const fraction = (pattern & (2 ** mantissaBits - 1)) / 2 ** mantissaBits;
  const bias = 2 ** (exponentBits - 1) - 1;
  if (exponent === 2 ** exponentBits - 1) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias);
}

const formats = [
  { name: "float16", exponentBits: 5, mantissaBits: 10, read: float32FromFloat16, write: float16FromFloat32 },
  { name: "bfloat16", exponentBits: 8, mantissaBits: 7, read: float32FromBfloat16, write: bfloat16FromFloat32 },
] as const;

describe.each(formats)("$name", ({ exponentBits, mantissaBits, read, write }) => {
  const patterns = Uint16Array.from({ length: 65536 }, (_, i) => i);
  const values = new Float32Array(65536);
  read(patterns, values);
  const written = (value: number) => {
    const target = new Uint16Array(1);
    write(Float32Array.of(value), target);
    return target[0] ?? -1;
  };

  test("every pattern has its value", () => {
    const wrong = [...patterns].filter((pattern) => {
      return !Object.is(values[pattern], patternValue(pattern, exponentBits, mantissaBits));
    });
    expect(wrong).toEqual([]);
  });

  test("every pattern survives reading and writing; a NaN stays one", () => {
    const back = new Uint16Array(65536);
    write(values, back);
    const wrong = [...patterns].filter((pattern) => {
      if (!Number.isNaN(values[pattern])) return back[pattern] !== pattern;
      return !Number.isNaN(patternValue(back[pattern] ?? 0, exponentBits, mantissaBits));
    });
    expect(wrong).toEqual([]);
  });

  test("NaNs whose payload is cut do not become infinite", () => {
    const source = new Float32Array(Uint32Array.of(0x7f800001, 0xff800001, 0x7fffffff).buffer);
    const target = new Uint16Array(3);
    write(source, target);
    expect([...target].map((pattern) => patternValue(pattern, exponentBits, mantissaBits))).toEqual([NaN, NaN, NaN]);
  });

  const infinity = (2 ** exponentBits - 1) * 2 ** mantissaBits;
  // What the pattern of infinity would stand for if exponents went on.
  const beyond = 2 ** (2 ** (exponentBits - 1));
  const finite = (pattern: number) =>
    pattern === infinity ? beyond : patternValue(pattern, exponentBits, mantissaBits);

  test("between two neighbours the nearer is taken, at the midpoint the even one", () => {
    const wrong: number[] = [];
    for (let low = 0; low < infinity; low++) {
      const middle = (finite(low) + finite(low + 1)) / 2;
      // Bfloat16's lowest midpoints are float32 subnormals; all are exact in float32.
      const step = 2 ** Math.max(Math.floor(Math.log2(middle)) - 23, -149);
      const even = low % 2 === 0 ? low : low + 1;
      if (written(middle) !== even || written(middle - step) !== low || written(middle + step) !== low + 1)
        wrong.push(low);
      if (written(-middle) !== even + 32768) wrong.push(-low);
    }
    expect(wrong).toEqual([]);
  });

  test("rounding is monotonic", () => {
    const number = fc.float({ noNaN: true });
    fc.assert(
      fc.property(number, number, (a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)].map((x) =>
          patternValue(written(x), exponentBits, mantissaBits),
        );
        expect(low).toBeLessThanOrEqual(high ?? Number.NaN);
      }),
      { seed: 1 },
    );
  });
});

test("views into the middle of a buffer are converted in place of themselves", () => {
  const target = new Float32Array(4).fill(9);
  float32FromFloat16(new Uint16Array([0, 0x3c00, 0xc000, 0]).subarray(1, 3), target.subarray(1, 3));
  expect([...target]).toEqual([9, 1, -2, 9]);
});
