/** The lab of a lesson: one convolution whose kernel, stride and padding are chosen, then ReLU and pooling, if asked for. */

import type { Layer, Net, Operation, Pads, Pair, Shape } from "../model/document";

export type Pool = "none" | "max" | "avg";

export interface Lab {
  kernel: number[]; // row by row
  stride: number;
  padding: number;
  relu: boolean;
  pool: Pool;
}

export const STRIDES = [1, 2, 3];
export const PADDINGS = [0, 1, 2];
export const POOLS: Pool[] = ["none", "max", "avg"];

/** Return the lab that a fragment describes. What it does not name, or names wrongly, is as in the beginning. */
export function readLab(fragment: URLSearchParams, kernel: number[]): Lab {
  const choice = <T>(values: T[], name: string) => values.find((value) => String(value) === fragment.get(name)) ?? values[0];
  return {
    kernel: readNumbers(fragment.get("kernel"), kernel.length) ?? kernel,
    stride: choice(STRIDES, "stride"),
    padding: choice(PADDINGS, "padding"),
    relu: fragment.has("relu"),
    pool: choice(POOLS, "pool"),
  };
}

/** Return what differs from the beginning, for the fragment. */
export function writeLab(lab: Lab, kernel: number[]): Record<string, string> {
  const found: Record<string, string> = {};
  if (lab.kernel.some((value, i) => value !== kernel[i])) found.kernel = writeNumbers(lab.kernel);
  if (lab.stride !== STRIDES[0]) found.stride = String(lab.stride);
  if (lab.padding !== PADDINGS[0]) found.padding = String(lab.padding);
  if (lab.relu) found.relu = "1";
  if (lab.pool !== POOLS[0]) found.pool = lab.pool;
  return found;
}

/** Return n numbers from a text, or null if it holds anything else. */
export function readNumbers(text: string | null, n: number): number[] | null {
  const values = (text ?? "").split("_").map((part) => (part.trim() ? Number(part) : NaN));
  return values.length === n && values.every(Number.isFinite) ? values : null;
}

export function writeNumbers(values: ArrayLike<number>): string {
  return Array.from(values, (value) => Number(value.toPrecision(7))).join("_");
}

interface Window extends Operation {
  kernel: Pair;
  size: Pair;
  stride: Pair;
  padding: Pads;
}

/**
 * Return the net of a lab. `net` is a chain of a convolution, an activation and a max-pool, each in a layer of its own.
 * Layers that the lab does without are left out.
 */
export function labNet(net: Net, lab: Lab): Net {
  const buffers = net.buffers.map((buffer) => ({ ...buffer }));
  const operations: Operation[] = [];
  const layers: Layer[] = [];
  let buffer = net.input;
  for (const found of net.operations as Window[]) {
    const op = { ...found, src: buffer };
    const layer = net.layers.find(({ name }) => name === op.layer) as Layer;
    let { spec, type } = layer;
    if (op.op === "ActivationOp" && !lab.relu) continue;
    if (op.op === "Pool2DOp") {
      if (lab.pool === "none") continue;
      Object.assign(op, { pooling: lab.pool });
      type = lab.pool === "max" ? "MaxPool2D" : "AvgPool2D";
      spec = `${type}(${op.size[0]})`;
    } else if (op.op === "Conv2DOp") {
      const { padding, stride } = lab;
      op.stride = [stride, stride];
      op.padding = [[padding, padding], [padding, padding]];
      spec = ["Conv2D(1", op.kernel[0], stride !== 1 && `stride=${stride}`, padding !== 0 && `padding=${padding}`]
        .filter(Boolean).join(", ") + ")";
    }
    buffers[op.dst].shape = outputShape(op, buffers[op.src].shape);
    buffer = op.dst;
    operations.push(op);
    layers.push({ ...layer, type, spec, shape: buffers[op.dst].shape, buffer: op.dst });
  }
  return { ...net, buffers, operations, layers, output: buffer };
}

/** floor((n + p₀ + p₁ − k) / s) + 1 along each axis */
function outputShape(op: Window, [h, w, c]: Shape): Shape {
  if (op.op === "ActivationOp") return [h, w, c];
  const window = op.op === "Pool2DOp" ? op.size : op.kernel;
  const [rows, columns] = [h, w].map(
    (n, axis) => Math.floor((n + op.padding[axis][0] + op.padding[axis][1] - window[axis]) / op.stride[axis]) + 1,
  );
  return [rows, columns, c];
}
