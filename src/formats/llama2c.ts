/** llama2.c checkpoints: v0 (no magic, fp32), v1 (fp32) and v2 (8-bit groups), under Hugging Face's names and row order. */
import { FormatError } from "../errors.ts";
import { type Codec, plainCodecs } from "./codec.ts";
import { openOrClose, type RandomAccessFile } from "./random-access-file.ts";
import { type StoredTensor, StoredTensors } from "./stored-tensors.ts";
import { elementCount, type TensorSource } from "./tensor.ts";

/** What a llama2.c header says of its model. */
export interface Llama2cConfig {
  readonly version: 0 | 1 | 2;
  /** Width of the residual stream. */
  readonly hiddenSize: number;
  /** Width inside the MLP. */
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly vocabularySize: number;
  readonly contextLength: number;
  /** Whether the output matrix is the embedding. */
  readonly tied: boolean;
  /** Values to a scale in v2; undefined in v0 and v1. */
  readonly groupSize: number | undefined;
  /** Fixed in llama2.c. */
  readonly ropeTheta: 10000;
  /** Fixed in llama2.c. */
  readonly normEpsilon: 1e-5;
}

/** A llama2.c checkpoint: its tensors, and the config that other formats keep beside them. */
export interface Llama2cSource extends TensorSource {
  readonly config: Llama2cConfig;
}

/** "ak42", the magic number of v1 and v2. */
const MAGIC = 0x616b3432;
/** The header of v1 and v2 is padded to this many bytes. */
const HEADER_BYTES = 256;
/** Ceiling on any size in the header; the largest vocabularies and contexts stay below. */
const MAXIMUM_SIZE = 2 ** 24;
/** Ceiling on layers: published models have at most 126. */
const MAXIMUM_LAYERS = 4096;

/**
 * Opens a llama2.c `.bin`. Query and key rows come half-rotated, except from `readRaw` in v2 (dtype `Q8_GROUPS`), which
 * gives the file's own bytes: signed bytes, then one float32 scale per group. Throws `FormatError` unless the file is
 * exactly as long as its header asks for.
 */
export function openLlama2c(path: string): Llama2cSource {
  return openOrClose(path, (file) => {
    const config = readConfig(file);
    const start = config.version === 0 ? 28 : HEADER_BYTES;
    const { tensors, end } = placeTensors(file, config, start);
    if (end !== file.size) {
      throw new FormatError(
        path,
        `has ${file.size} bytes, but a llama2.c v${config.version} checkpoint with its header takes ${end}; ` +
          (file.size < end ? "it is truncated or damaged" : "it is damaged or no llama2.c checkpoint"),
      );
    }
    return Object.assign(new StoredTensors(path, [file], tensors, new Map()), { config });
  });
}

function readConfig(file: RandomAccessFile): Llama2cConfig {
  const { path } = file;
  const header = new DataView(file.read(0, Math.min(HEADER_BYTES, file.size)).buffer);
  if (header.byteLength < 28) throw new FormatError(path, `has ${file.size} bytes, too few for a llama2.c header`);
  const version = header.getUint32(0, true) === MAGIC ? header.getInt32(4, true) : 0;
  if (version !== 0 && version !== 1 && version !== 2) {
    throw new FormatError(path, `is llama2.c version ${version}; versions 0, 1 and 2 are read`);
  }
  if (version > 0 && header.byteLength < HEADER_BYTES) {
    throw new FormatError(path, `ends at byte ${file.size}, inside its header of ${HEADER_BYTES}; it is truncated`);
  }
  const field = (index: number) => header.getInt32((version === 0 ? 0 : 8) + index * 4, true);
  const sharedByte = version === 0 ? Number(field(5) > 0) : header.getUint8(36);
  if (sharedByte > 1)
    throw new FormatError(path, `its flag for a shared output matrix is ${sharedByte}, neither 0 nor 1`);
  const config: Llama2cConfig = {
    version,
    hiddenSize: field(0),
    intermediateSize: field(1),
    layers: field(2),
    heads: field(3),
    keyValueHeads: field(4),
    // In v0, a negative vocabulary says that the output matrix is separate.
    vocabularySize: version === 0 ? Math.abs(field(5)) : field(5),
    contextLength: field(6),
    tied: sharedByte === 1,
    groupSize: version === 2 ? header.getInt32(37, true) : undefined,
    ropeTheta: 10000,
    normEpsilon: 1e-5,
  };
  checkConfig(path, config);
  return config;
}

function checkConfig(path: string, config: Llama2cConfig): void {
  const advice = "; it is damaged or no llama2.c checkpoint";
  for (const [name, value] of Object.entries(config)) {
    if (typeof value !== "number" || name === "version" || name === "normEpsilon") continue;
    if (value < 1 || value > MAXIMUM_SIZE) throw new FormatError(path, `its header gives ${name} ${value}${advice}`);
  }
  const { hiddenSize, heads, keyValueHeads, layers } = config;
  if (layers > MAXIMUM_LAYERS) throw new FormatError(path, `its header gives ${layers} layers${advice}`);
  if (hiddenSize % (2 * heads) !== 0 || heads % keyValueHeads !== 0) {
    throw new FormatError(
      path,
      `its header gives ${heads} heads and ${keyValueHeads} key/value heads to a width of ${hiddenSize}${advice}`,
    );
  }
}

/** One group of tensors in the file's order: the same matrix of every layer, or a single one. */
interface Section {
  /** Full name, or the part after `model.layers.N.`. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly perLayer: boolean;
  /** Norms stay float32 in v2. */
  readonly norm?: boolean;
}

/** The sections in file order; null stands for v0's unused rotary tables. */
function sections(config: Llama2cConfig): (Section | null)[] {
  const { hiddenSize: width, intermediateSize: inner, heads, keyValueHeads, vocabularySize, tied } = config;
  const keyWidth = (width / heads) * keyValueHeads;
  const layer = (name: string, shape: readonly number[]): Section => ({
    name: `${name}.weight`,
    shape,
    perLayer: true,
  });
  const attentionNorm: Section = { ...layer("input_layernorm", [width]), norm: true };
  const mlpNorm: Section = { ...layer("post_attention_layernorm", [width]), norm: true };
  const finalNorm: Section = { name: "model.norm.weight", shape: [width], perLayer: false, norm: true };
  const embedding: Section = { name: "model.embed_tokens.weight", shape: [vocabularySize, width], perLayer: false };
  const head: Section = { name: "lm_head.weight", shape: [vocabularySize, width], perLayer: false };
  const attention = [
    layer("self_attn.q_proj", [width, width]),
    layer("self_attn.k_proj", [keyWidth, width]),
    layer("self_attn.v_proj", [keyWidth, width]),
    layer("self_attn.o_proj", [width, width]),
  ];
  const mlp = [
    layer("mlp.gate_proj", [inner, width]),
    layer("mlp.down_proj", [width, inner]),
    layer("mlp.up_proj", [inner, width]),
  ];
  const output = tied ? [] : [head];
  return config.version === 0
    ? [embedding, attentionNorm, ...attention, mlpNorm, ...mlp, finalNorm, null, ...output]
    : [attentionNorm, mlpNorm, finalNorm, embedding, ...attention, ...mlp, ...output];
}

function placeTensors(
  file: RandomAccessFile,
  config: Llama2cConfig,
  start: number,
): { tensors: Map<string, StoredTensor>; end: number } {
  const tensors = new Map<string, StoredTensor>();
  let position = start;
  for (const section of sections(config)) {
    if (section === null) {
      // Cosines and sines, [context, head width / 2] each.
      position += config.contextLength * (config.hiddenSize / config.heads) * 4;
      continue;
    }
    const { name, shape, perLayer, norm } = section;
    const count = elementCount(shape);
    const grouped = config.groupSize !== undefined && norm !== true ? config.groupSize : undefined;
    if (grouped !== undefined && count % grouped !== 0) {
      throw new FormatError(file.path, `its group size ${grouped} does not divide the ${count} values of ${name}`);
    }
    const codec = grouped === undefined ? plainCodecs.get("F32") : groupCodec(count, grouped);
    const bytes = grouped === undefined ? count * 4 : count + (count / grouped) * 4;
    for (let index = 0; index < (perLayer ? config.layers : 1); index++) {
      const full = perLayer ? `model.layers.${index}.${name}` : name;
      const info = { name: full, dtype: grouped === undefined ? "F32" : "Q8_GROUPS", shape, bytes };
      tensors.set(full, {
        info,
        file,
        position,
        codec,
      });
      position += bytes;
    }
  }
  return { tensors, end: position };
}

/** v2's layout of a tensor: all signed bytes, then all scales; so the whole tensor is one block. */
function groupCodec(count: number, groupSize: number): Codec {
  return {
    elements: count,
    bytes: count + (count / groupSize) * 4,
    decode: (source, target) => {
      const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
      for (let i = 0; i < count; i += groupSize) {
        const scale = view.getFloat32(count + (i / groupSize) * 4, true);
        for (let j = i; j < i + groupSize; j++) target[j] = scale * view.getInt8(j);
      }
    },
  };
}
