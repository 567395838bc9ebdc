/** States in files: safetensors with the model's fingerprint and the count of tokens. */
import { FormatError, SubquadError } from "../errors.ts";
import { openSafetensors } from "../formats/safetensors/reader.ts";
import { type TensorToWrite, writeSafetensors } from "../formats/safetensors/writer.ts";
import type { TensorSource } from "../formats/tensor.ts";
import { formatShape, sameShape, type TensorType } from "../graph/index.ts";
import { floatsOf, type Tensor } from "../runtime/index.ts";
import { layersOf, resized, SequenceState, type StateModel } from "./state.ts";

/** `format` of the files' metadata: changes whenever their meaning does. */
const fileFormat = "subquad-state-1";

/** Far beyond any sequence, and small enough that a buffer's size stays an exact number. */
const MAXIMUM_TOKENS = 2 ** 31;

/** A state that belongs to another model. */
export class ForeignStateError extends FormatError {
  override name = "ForeignStateError";
}

const dtypes: Readonly<Partial<Record<string, "F32" | "I64" | "I8">>> = { float32: "F32", int64: "I64", int8: "I8" };

/**
 * Writes a state, whole or not at all; buffers are cut to the tokens they hold. Throws a SubquadError for a state that
 * has taken in no token, or where the file cannot be written.
 */
export async function saveState(state: SequenceState, file: string): Promise<void> {
  const { model, tokens, logits } = state;
  if (tokens === 0) throw new SubquadError(`${file}: there is nothing to save before the first token`);
  const tensors: TensorToWrite[] = [{ name: "logits", dtype: "F32", shape: logits.shape, data: () => logits.data }];
  for (const [name, { dtype, shape, data }] of Object.entries(resized(model, tokens, state.tensors))) {
    const stored = dtypes[dtype];
    if (stored === undefined) throw new SubquadError(`${file}: the state "${name}" is ${dtype}, which cannot be saved`);
    tensors.push({ name, dtype: stored, shape, data: () => data });
  }
  const metadata = { format: fileFormat, fingerprint: model.fingerprint, tokens: String(tokens) };
  await writeSafetensors(file, tensors, { metadata });
}

/**
 * Reads a state. Throws a ForeignStateError for a state of another model, a FormatError for a file that is no state or
 * damaged.
 */
export function loadState(model: StateModel, file: string): SequenceState {
  const source = openSafetensors(file);
  try {
    const { metadata } = source;
    if (metadata.get("format") !== fileFormat) throw new FormatError(file, "is not a saved state of this version");
    if (metadata.get("fingerprint") !== model.fingerprint) {
      throw new ForeignStateError(file, "is a state of another model: open it with the model that wrote it");
    }
    const tokens = Number(metadata.get("tokens"));
    if (!Number.isSafeInteger(tokens) || tokens < 1 || tokens > MAXIMUM_TOKENS) {
      throw new FormatError(file, `claims to hold ${metadata.get("tokens")} tokens`);
    }
    const tensors: Record<string, Tensor> = {};
    layersOf(model, tokens).forEach((layer, index) => {
      for (const [name, type] of Object.entries(layer)) {
        tensors[`${index}.${name}`] = readTensor(source, `${index}.${name}`, type);
      }
    });
    const logits = readTensor(source, "logits", { dtype: "float32", shape: [1, model.architecture.vocabularySize] });
    const stranger = source.names().find((name) => name !== "logits" && tensors[name] === undefined);
    if (stranger !== undefined)
      throw new FormatError(file, `holds a tensor "${stranger}" that the model does not have`);
    return SequenceState.restore(model, tokens, tensors, floatsOf(logits));
  } finally {
    source.close();
  }
}

function readTensor(source: TensorSource, name: string, { dtype, shape }: TensorType): Tensor {
  const info = source.info(name);
  if (!sameShape(info.shape, shape) || info.dtype !== dtypes[dtype]) {
    const wanted = `${dtypes[dtype]} ${formatShape(shape)}`;
    throw new FormatError(source.path, `its "${name}" is ${info.dtype} ${formatShape(info.shape)}, not ${wanted}`);
  }
  if (dtype === "float32") return { dtype, shape, data: source.readFloat32(name) };
  const { buffer } = source.readRaw(name);
  return { dtype, shape, data: dtype === "int8" ? new Int8Array(buffer) : new BigInt64Array(buffer) };
}
