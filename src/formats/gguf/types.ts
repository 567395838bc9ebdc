/** ggml's tensor types: number in the file, name, block layout and decoder. */
import { type Codec, type Decode, plainCodecs } from "../codec.ts";
import { decodeQ4_0, decodeQ4_1, decodeQ5_0, decodeQ5_1, decodeQ8_0 } from "./blocks-32.ts";
import { decodeIQ4_NL, decodeIQ4_XS } from "./blocks-iq4.ts";
import { decodeQ2_K, decodeQ3_K, decodeQ4_K, decodeQ5_K, decodeQ6_K } from "./blocks-k.ts";

/** A tensor type: its name and how its blocks lie. */
export interface GgmlType {
  readonly name: string;
  readonly codec: Codec;
}

const blocked = (name: string, elements: number, bytes: number, decode?: Decode): GgmlType => ({
  name,
  codec: { elements, bytes, ...(decode === undefined ? {} : { decode }) },
});

const plain = (name: string): GgmlType => ({ name, codec: plainCodecs.get(name) ?? { elements: 1, bytes: 1 } });

/**
 * The types by number. Those without a decoder are known in size, so that a file which uses them for some tensors can be
 * opened; reading such a tensor names its type.
 */
export const ggmlTypes: ReadonlyMap<number, GgmlType> = new Map([
  [0, plain("F32")],
  [1, plain("F16")],
  [2, blocked("Q4_0", 32, 18, decodeQ4_0)],
  [3, blocked("Q4_1", 32, 20, decodeQ4_1)],
  [6, blocked("Q5_0", 32, 22, decodeQ5_0)],
  [7, blocked("Q5_1", 32, 24, decodeQ5_1)],
  [8, blocked("Q8_0", 32, 34, decodeQ8_0)],
  [10, blocked("Q2_K", 256, 84, decodeQ2_K)],
  [11, blocked("Q3_K", 256, 110, decodeQ3_K)],
  [12, blocked("Q4_K", 256, 144, decodeQ4_K)],
  [13, blocked("Q5_K", 256, 176, decodeQ5_K)],
  [14, blocked("Q6_K", 256, 210, decodeQ6_K)],
  [16, blocked("IQ2_XXS", 256, 66)],
  [17, blocked("IQ2_XS", 256, 74)],
  [18, blocked("IQ3_XXS", 256, 98)],
  [19, blocked("IQ1_S", 256, 50)],
  [20, blocked("IQ4_NL", 32, 18, decodeIQ4_NL)],
  [21, blocked("IQ3_S", 256, 110)],
  [22, blocked("IQ2_S", 256, 82)],
  [23, blocked("IQ4_XS", 256, 136, decodeIQ4_XS)],
  [24, plain("I8")],
  [25, plain("I16")],
  [26, plain("I32")],
  [27, plain("I64")],
  [28, plain("F64")],
  [29, blocked("IQ1_M", 256, 56)],
  [30, plain("BF16")],
  [34, blocked("TQ1_0", 256, 54)],
  [35, blocked("TQ2_0", 256, 66)],
  [39, blocked("MXFP4", 32, 17)],
]);
