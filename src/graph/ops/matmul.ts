/** Matrix products, with transposes and a scale folded in. */
import { broadcastShapes, formatShape, sizeOf } from "../type.ts";
import { applyOne, inputOf, type Operation, requireDType, type Value } from "../value.ts";
import { reshape } from "./shape.ts";

/** Which operands are read transposed (in their last two axes), and a factor of the product. */
export interface MatmulOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  readonly scale?: number;
}

/** Attributes of `matmul`. */
export type MatmulAttributes = Required<MatmulOptions>;

/** Inner dimensions up to which a product is cheap. */
const lowRank = 16;

function matrixOf(value: Value, transposed: boolean): [rows: number, columns: number] {
  if (value.shape.length < 2) throw new Error(`${formatShape(value.shape)} is no matrix`);
  const [rows = 1, columns = 1] = value.shape.slice(-2);
  return transposed ? [columns, rows] : [rows, columns];
}

const matmulOperation: Operation<MatmulAttributes> = {
  name: "matmul",
  // A product over a few columns, such as of low-rank factors, reads less than its result would take to keep.
  costly: (node) => matrixOf(inputOf(node, 0), (node.attributes as MatmulAttributes).transposeA)[1] > lowRank,
  infer: (inputs, { transposeA, transposeB }) => {
    const [a, b] = [inputOf({ inputs }, 0), inputOf({ inputs }, 1)];
    requireDType(a, "float32");
    requireDType(b, "float32");
    const [rows, inner] = matrixOf(a, transposeA);
    const [innerB, columns] = matrixOf(b, transposeB);
    if (inner !== innerB) throw new Error(`inner dimensions ${inner} and ${innerB} differ`);
    const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2));
    if (batch === undefined) throw new Error("batch dimensions do not broadcast");
    return [{ dtype: "float32", shape: [...batch, rows, columns] }];
  },
  gradient: (backward, g) => {
    const { gradient, attributes } = backward;
    const { transposeA, transposeB, scale } = attributes;
    const [a, b] = [inputOf(backward, 0), inputOf(backward, 1)];
    const product = (x: Value, y: Value, transposeX: boolean, transposeY: boolean) =>
      g.matmul(x, y, { transposeA: transposeX, transposeB: transposeY, scale });
    const forA = transposeA ? product(b, gradient, transposeB, true) : product(gradient, b, false, !transposeB);
    const forB = transposeB ? product(gradient, a, true, transposeA) : product(a, gradient, !transposeA, false);
    return [g.sumTo(forA, a.shape), g.sumTo(forB, b.shape)];
  },
  emit: (emitter, node, { transposeA, transposeB, scale }) => {
    const [inputs, outputs] = [emitter.inputs(node), emitter.outputs(node)];
    const plain = !transposeA && !transposeB && scale === 1;
    if (plain) return emitter.node("MatMul", inputs, outputs);
    emitter.node(
      "FusedMatMul",
      inputs,
      outputs,
      { transA: Number(transposeA), transB: Number(transposeB), alpha: { float: scale } },
      "com.microsoft",
    );
  },
};

/** scale · op(a) · op(b), over broadcast batch axes: `[…, rows, inner] × […, inner, columns]`. */
export function matmul(a: Value, b: Value, options: MatmulOptions = {}): Value {
  const { transposeA = false, transposeB = false, scale = 1 } = options;
  if (b.shape.length === 2 && sizeOf(a.shape.slice(0, -2)) > 1 && !transposeA && sizeOf(a.shape) > 0) {
    // A shared matrix meets all rows in one product, which ONNX Runtime runs fastest; a single row block already is one.
    const rows = applyOne(matmulOperation, [flatten(a), b], { transposeA, transposeB, scale });
    return unflatten(rows, a);
  }
  return applyOne(matmulOperation, [a, b], { transposeA, transposeB, scale });
}

function flatten(a: Value): Value {
  return reshape(a, [-1, a.shape.at(-1) ?? 1]);
}

function unflatten(rows: Value, a: Value): Value {
  return reshape(rows, [...a.shape.slice(0, -1), rows.shape.at(-1) ?? 1]);
}
