/** The weights of the net after some epochs of its training. */

import { bytesOf, floatsOf } from "./bytes";
import type { Epochs, Net } from "./document";

/** Return the weights after the epoch at `index`, in the order of those of the net. */
export function weightsOf({ encoding, weights }: Epochs, index: number, net: Net): Float32Array {
  if (encoding === "float32") return floatsOf(weights[index]);
  return fromIntegers(bytesOf(weights[index]), net.parameters.filter(({ offset }) => offset !== null).map(({ shape }) => shape));
}

/**
 * Return the values of parameters, one after the other. One of two axes or more is written as a float32 scale for each
 * position on its last axis, and then as integers of 16 bits to multiply by it; others are float32.
 */
export function fromIntegers(bytes: Uint8Array<ArrayBuffer>, shapes: number[][]): Float32Array {
  const view = new DataView(bytes.buffer);
  const sizes = shapes.map((shape) => shape.reduce((a, b) => a * b, 1));
  const values = new Float32Array(sizes.reduce((a, b) => a + b, 0));
  let [at, to] = [0, 0];
  const float = () => view.getFloat32((at += 4) - 4, true);
  shapes.forEach((shape, k) => {
    const scales = shape.length > 1 ? Array.from({ length: shape[shape.length - 1] }, float) : null;
    for (let i = 0; i < sizes[k]; i++)
      values[to++] = scales ? scales[i % scales.length] * view.getInt16((at += 2) - 2, true) : float();
  });
  return values;
}
