/** Damaged and hostile files: always a named error, never a crash, and never much memory. */
import { closeSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { FormatError } from "../../src/errors.ts";
import { openGguf } from "../../src/formats/gguf/reader.ts";
import { openLlama2c } from "../../src/formats/llama2c.ts";
import { openSafetensors } from "../../src/formats/safetensors/reader.ts";
import type { TensorSource } from "../../src/formats/tensor.ts";
import { uniform } from "../random.ts";
import { type Built, buildGguf, buildLlama2c, buildSafetensors, type Field, ggufStrings } from "./build.ts";
import { put, temporaryFolder } from "./temporary.ts";

const folder = temporaryFolder();
const CASES = 200;
const MEMORY_LIMIT = 2 ** 30;

let peak = 0;

type Open = (path: string) => TensorSource;

/** Opens and reads everything, as loading a model does. */
function load(open: Open, path: string): void {
  const source = open(path);
  try {
    for (const name of source.names()) source.readFloat32(name);
  } finally {
    source.close();
  }
}

/** What loading throws, or undefined; the memory in use is noted. */
function failure(open: Open, path: string): unknown {
  try {
    load(open, path);
    return undefined;
  } catch (error) {
    return error;
  } finally {
    peak = Math.max(peak, process.memoryUsage.rss());
  }
}

class Dice {
  readonly #next: () => number;
  constructor(seed: number) {
    this.#next = uniform(seed);
  }
  /** A natural number below `end`. */
  below(end: number): number {
    return Math.floor(this.#next() * end);
  }
  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  }
}

/** A format under test: a way to a sound file, and faults that no reader may miss. */
interface Subject {
  readonly name: string;
  readonly open: Open;
  readonly sound: Uint8Array;
  readonly faults: Readonly<Record<string, (dice: Dice) => Uint8Array>>;
}

const cut = (bytes: Uint8Array) => (dice: Dice) => bytes.subarray(0, dice.below(bytes.length));
const lengthened = (bytes: Uint8Array) => (dice: Dice) => Buffer.concat([bytes, Buffer.alloc(64 + dice.below(999))]);

/** A copy with a field replaced, little-endian. */
function replaced(built: Built, field: Field, value: bigint): Buffer {
  const bytes = Buffer.from(built.bytes);
  for (let i = 0; i < field.bytes; i++) bytes[field.position + i] = Number((value >> BigInt(8 * i)) & 255n);
  return bytes;
}

const current = (built: Built, field: Field) =>
  BigInt(built.bytes.readUIntLE(field.position, Math.min(field.bytes, 6)));

function safetensorsSubject(): Subject {
  type Entry = Record<string, unknown>;
  const sound = (): Record<string, Entry> => ({
    __metadata__: { format: "pt" },
    a: { dtype: "F32", shape: [3, 2], data_offsets: [0, 24] },
    b: { dtype: "BF16", shape: [5], data_offsets: [24, 34] },
    c: { dtype: "I64", shape: [], data_offsets: [34, 42] },
    d: { dtype: "F16", shape: [0, 7], data_offsets: [42, 42] },
  });
  const data = new Uint8Array(42);
  const good = buildSafetensors(sound(), data);
  /** One tensor's entry changed. */
  const edit =
    (change: (entry: Entry, dice: Dice) => void, names = ["a", "b", "c"]) =>
    (dice: Dice) => {
      const header = sound();
      const entry = header[dice.pick(names)];
      if (entry !== undefined) change(entry, dice);
      return buildSafetensors(header, data);
    };
  const headerLength = (length: (dice: Dice) => bigint) => (dice: Dice) => {
    const bytes = Buffer.from(good);
    bytes.writeBigUInt64LE(length(dice));
    return bytes;
  };
  const huge = [2 ** 31, 2 ** 32 + 24, 2 ** 53 - 1, 2 ** 53, 1e300, -1, -24, 0.5, "24", null, [], {}, true];
  const text = good.toString("latin1", 8, good.length - 42);
  return {
    name: "safetensors",
    open: openSafetensors,
    sound: good,
    faults: {
      truncated: cut(good),
      lengthened: lengthened(good),
      "header length": headerLength((dice) => {
        const length = good.readBigUInt64LE();
        return dice.pick([
          0n,
          1n,
          length - 1n,
          length + 1n,
          length + 41n,
          2n ** 31n,
          2n ** 63n,
          2n ** 64n - 1n,
          24_999_999n,
        ]);
      }),
      "one offset": edit((entry, dice) => {
        const offsets = [...(entry.data_offsets as unknown[])];
        const side = dice.below(2);
        const shifted = Number(offsets[side]) + dice.pick([-8, -1, 1, 2, 16, 1000]);
        offsets[side] = dice.below(2) === 0 ? shifted : dice.pick(huge);
        entry.data_offsets = offsets;
      }),
      "both offsets": edit((entry, dice) => {
        const shift = dice.pick([-34, -2, -1, 1, 2, 34, 2 ** 40]);
        entry.data_offsets = (entry.data_offsets as number[]).map((offset) => offset + shift);
      }),
      "offsets no pair": edit((entry, dice) => {
        entry.data_offsets = dice.pick<unknown>([7, null, [], [0], [0, 24, 24], "0,24", { 0: 0, 1: 24 }]);
      }),
      dtype: edit((entry, dice) => {
        const others = { F32: ["F64", "F16", "I8"], BF16: ["F32", "BOOL"], I64: ["I32", "U8"] }[String(entry.dtype)];
        entry.dtype = dice.pick<unknown>([...(others ?? []), 5, null, ["F32"]]);
      }),
      shape: edit((entry, dice) => {
        const wrong = [[7], [3, 3], [2 ** 53, 2 ** 53], [1e300], [-3, -2], [1.5, 4], ["3", 2], 6, "6", null];
        entry.shape = dice.pick<unknown>(wrong);
      }),
      "a field more": edit((entry) => {
        entry.extra = 1;
      }),
      "an entry that is none": (dice) => {
        const header: Record<string, unknown> = sound();
        header[dice.pick(["a", "b", "c", "d", "__metadata__"])] = dice.pick<unknown>([null, 1, "F32", [], [[]]]);
        return buildSafetensors(header, data);
      },
      "metadata of another kind": (dice) => {
        const header = sound();
        header.__metadata__ = { format: dice.pick<unknown>([1, null, {}, ["pt"]]) };
        return buildSafetensors(header, data);
      },
      "a field missing": edit((entry, dice) => {
        delete entry[dice.pick(["dtype", "shape", "data_offsets"])];
      }),
      "a tensor missing": (dice) => {
        const header = sound();
        delete header[dice.pick(["a", "b", "c"])];
        return buildSafetensors(header, data);
      },
      "a repeated key": (dice) => {
        const name = dice.pick(["a", "b", "c", "d"]);
        const entry = JSON.stringify(sound()[name]);
        return buildSafetensors(`{"${name}":${entry},${JSON.stringify(sound()).slice(1)}`, data);
      },
      "broken JSON": (dice) => {
        const at = dice.below(text.length - 2) + 1;
        // Neither a control character nor a lone continuation byte can stand anywhere in JSON.
        const bytes = Buffer.from(text, "latin1");
        bytes[at] = dice.pick([0, 1, 0x80, 0xff]);
        return Buffer.concat([good.subarray(0, 8), bytes, data]);
      },
      "a header that is no object": (dice) =>
        buildSafetensors(dice.pick(["[]", "null", "1", '"a"', "", "[".repeat(99_999), `{"a":`.repeat(99_999)]), data),
    },
  };
}

function ggufSubject(): Subject {
  const built = buildGguf(
    [
      { key: "general.architecture", type: 8, value: "llama" },
      { key: "general.alignment", type: 4, value: Uint8Array.of(32, 0, 0, 0) },
      { key: "tokens", type: 9, element: 8, length: 4, value: ggufStrings(["<s>", "a", "b", ""]) },
      { key: "scores", type: 9, element: 6, length: 4, value: new Uint8Array(16) },
    ],
    [
      { name: "full", sizes: [16, 3], type: 0, data: new Uint8Array(192) },
      { name: "blocks", sizes: [64, 2], type: 8, data: new Uint8Array(136) },
      { name: "super", sizes: [256], type: 12, data: new Uint8Array(144) },
    ],
  );
  const of = (...kinds: string[]) => built.fields.filter(({ kind }) => kinds.includes(kind));
  const fault = (kinds: readonly string[], values: (now: bigint) => readonly bigint[]) => (dice: Dice) => {
    const field = dice.pick(of(...kinds));
    const now = current(built, field);
    return replaced(built, field, dice.pick(values(now).filter((value) => value !== now && value >= 0n)));
  };
  const enormous = [2n ** 31n, 2n ** 32n, 2n ** 40n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];
  return {
    name: "GGUF",
    open: openGguf,
    sound: built.bytes,
    faults: {
      // The padding behind the last tensor may be missing.
      truncated: (dice) => built.bytes.subarray(0, dice.below(built.bytes.length - 31)),
      lengthened: lengthened(built.bytes),
      magic: fault(["magic"], () => [0n, 0x46554746n, 0x47475546n, 2n ** 32n - 1n]),
      version: fault(["version"], () => [0n, 1n, 4n, 99n, 0x03000000n, 2n ** 32n - 1n]),
      counts: fault(["tensor count", "key count"], (now) => [now - 1n, now + 1n, 0n, 1000n, ...enormous]),
      lengths: fault(["key length", "string length", "name length"], (now) => [now + 1n, now - 1n, 0n, ...enormous]),
      "value types": fault(["value type"], () => [0n, 10n, 12n, 13n, 99n, 2n ** 32n - 1n]),
      "element types": fault(["element type"], () => [0n, 3n, 9n, 10n, 13n, 2n ** 32n - 1n]),
      "array lengths": fault(["array length"], (now) => [now - 1n, now + 1n, now * 2n, 0n, ...enormous]),
      dimensions: fault(["dimensions"], (now) => [now + 1n, now + 2n, now - 1n, 0n, 5n, 99n, 2n ** 32n - 1n]),
      sizes: fault(["size"], (now) => [now * 2n, now * 16n, now * 2n ** 32n, 0n, ...enormous]),
      "tensor types": fault(["tensor type"], (now) => [4n, 9n, 31n, 40n, 99n, 2n ** 32n - 1n, now === 0n ? 1n : 0n]),
      offsets: fault(["offset"], (now) => [now + 1n, now + 32n, now - 32n, now + 2n ** 40n, ...enormous]),
    },
  };
}

function llama2cSubject(version: 0 | 1 | 2): Subject {
  const matrices = 5 * 8 + 2 * (2 * 8 * 8 + 2 * 4 * 8 + 3 * 12 * 8);
  const norms = 5 * 8;
  const body = version === 2 ? norms * 4 + matrices * 2 : (norms + matrices + (version === 0 ? 12 : 0)) * 4;
  const built = buildLlama2c(version, [8, 12, 2, 2, 1, 5, 3], new Uint8Array(body));
  const fault = (kinds: readonly string[], values: (now: bigint) => readonly bigint[]) => (dice: Dice) => {
    const field = dice.pick(built.fields.filter(({ kind }) => kinds.includes(kind)));
    const now = current(built, field);
    return replaced(built, field, dice.pick(values(now).filter((value) => value !== now)));
  };
  const wrong = [0n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 1n];
  const kinds = [
    "dim",
    "hidden",
    "layers",
    "heads",
    "key/value heads",
    "vocabulary",
    ...(version === 0 ? ["context"] : []),
  ];
  return {
    name: `llama2.c v${version}`,
    open: openLlama2c,
    sound: built.bytes,
    faults: {
      truncated: cut(built.bytes),
      lengthened: lengthened(built.bytes),
      sizes: fault(kinds, (now) => [now + 1n, now * 2n, now * 1000n, ...wrong]),
      context: fault(["context"], () => wrong),
      ...(version === 0
        ? {}
        : {
            magic: fault(["magic"], () => [0n, 0x616b3433n, 0x32346b61n]),
            version: fault(["version"], (now) => [0n, now === 1n ? 2n : 1n, 3n, 2n ** 32n - 1n]),
            shared: fault(["shared"], () => [0n, 2n, 255n]),
          }),
      ...(version === 2 ? { group: fault(["group"], () => [1n, 2n, 3n, 8n, ...wrong]) } : {}),
    },
  };
}

const subjects = [safetensorsSubject(), ggufSubject(), ...([0, 1, 2] as const).map(llama2cSubject)];

describe.each(subjects)("$name", ({ name, open, sound, faults }) => {
  const file = name.replaceAll(/\W/g, "-");

  test("the sound file loads", () => {
    expect(failure(open, put(folder, file, sound))).toBeUndefined();
  });

  test(`${CASES} damaged files are each a named error`, () => {
    const kinds = Object.entries(faults);
    for (let index = 0; index < CASES; index++) {
      const [kind, damage] = kinds[index % kinds.length] ?? ["truncated", cut(sound)];
      const path = put(folder, file, damage(new Dice(index)));
      const error = failure(open, path);
      expect(error, `${kind}, case ${index}`).toBeInstanceOf(FormatError);
      expect(String(error), `${kind}, case ${index}`).toContain(path);
    }
  });

  test(`${CASES} files with any bytes changed load or are a named error`, () => {
    for (let index = 0; index < CASES; index++) {
      const dice = new Dice(1000 + index);
      const bytes = Buffer.from(sound);
      for (let count = 1 + dice.below(4); count > 0; count--) bytes[dice.below(bytes.length)] = dice.below(256);
      const error = failure(open, put(folder, file, bytes));
      if (error !== undefined) expect(error, `case ${index}`).toBeInstanceOf(FormatError);
    }
  });
});

describe("files large enough to back their claims", () => {
  const hostile: [string, Open, () => Uint8Array][] = [
    ["25 MB of brackets", openSafetensors, () => buildSafetensors("[".repeat(24_999_000), new Uint8Array())],
    [
      "25 MB of empty arrays",
      openSafetensors,
      () => buildSafetensors(`[${"[],".repeat(8_000_000)}[]]`, new Uint8Array()),
    ],
    ["25 MB of quotes", openSafetensors, () => buildSafetensors('"'.repeat(24_999_000), new Uint8Array())],
    ["25 MB of escapes", openSafetensors, () => buildSafetensors(`{"${"\\".repeat(24_999_000)}`, new Uint8Array())],
    [
      "900,000 keys",
      openSafetensors,
      () => buildSafetensors(`{${Array.from({ length: 900_000 }, (_, i) => `"k${i}":1`).join(",")}}`, new Uint8Array()),
    ],
  ];
  test.each(hostile)("%s", (_, open, build) => {
    expect(failure(open, put(folder, "hostile", build()))).toBeInstanceOf(FormatError);
  });

  /** A file of zeros behind its first bytes, which takes no room where the file system knows holes. */
  function sparse(bytes: Uint8Array, size: number): string {
    const path = join(folder, "sparse");
    const descriptor = openSync(path, "w");
    writeSync(descriptor, bytes);
    ftruncateSync(descriptor, size);
    closeSync(descriptor);
    return path;
  }

  const array = (element: number, length: number) =>
    buildGguf([{ key: "k", type: 9, element, length, value: new Uint8Array() }], []).bytes;
  test.each<[string, Open, Uint8Array]>([
    ["an array of 200 million bytes", openGguf, array(0, 200_000_000)],
    ["an array of 8 million empty strings", openGguf, array(8, 8_000_000)],
    ["an array of 30 million empty strings", openGguf, array(8, 30_000_000)],
    ["an array of 60 million truth values", openGguf, array(7, 60_000_000)],
    ["a string of 200 MB", openGguf, ggufWithKeyOf(200_000_000)],
    ["262,144 nameless tensors", openGguf, ggufCounts(2 ** 18, 0)],
    ["65,536 nameless keys", openGguf, ggufCounts(0, 65_536)],
  ])("%s", (_, open, bytes) => {
    expect(failure(open, sparse(bytes, 256 * 2 ** 20))).toBeInstanceOf(FormatError);
  });

  function ggufCounts(tensors: number, keys: number): Buffer {
    const bytes = buildGguf([], []).bytes.subarray(0, 24);
    bytes.writeBigUInt64LE(BigInt(tensors), 8);
    bytes.writeBigUInt64LE(BigInt(keys), 16);
    return bytes;
  }

  function ggufWithKeyOf(length: number): Buffer {
    const keyLength = Buffer.alloc(8);
    keyLength.writeBigUInt64LE(BigInt(length));
    return Buffer.concat([ggufCounts(0, 1), keyLength]);
  }
});

test("no file took much memory", () => {
  expect(peak).toBeGreaterThan(0);
  expect(peak).toBeLessThan(MEMORY_LIMIT);
});
