/** Windows that slide over a map. */

import type { Pads, Pair, Shape } from "../model/document";
import type { Window } from "./step";

/** Return what the window of output pixel (row, column) covers. */
export function windowOf(
  shape: Shape,
  row: number,
  column: number,
  size: Pair,
  stride: Pair,
  padding: Pads,
  dilation: Pair = [1, 1],
): Window {
  const [rows, columns] = [row, column].map((at, axis) =>
    Array.from({ length: size[axis] }, (_, i) => at * stride[axis] - padding[axis][0] + i * dilation[axis]),
  );
  return { rows, columns, inside: insideOf(shape, rows, columns) };
}

export function insideOf([h, w]: Shape, rows: number[], columns: number[]): boolean[] {
  return rows.flatMap((row) => columns.map((column) => row >= 0 && row < h && column >= 0 && column < w));
}

/** Return the values of some channels in a window: rows × columns × channels; 0 outside the map. */
export function readWindow(
  values: Float32Array,
  [, w, c]: Shape,
  { rows, columns, inside }: Window,
  first: number,
  channels: number,
): Float64Array {
  const patch = new Float64Array(rows.length * columns.length * channels);
  let at = 0;
  rows.forEach((row, i) =>
    columns.forEach((column, j) => {
      for (let k = 0; k < channels; k++, at++) {
        if (inside[i * columns.length + j]) patch[at] = values[(row * w + column) * c + first + k];
      }
    }),
  );
  return patch;
}

/** Return the sum of the products. */
export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/**
 * Return the index of the term that contributes most to a sum with its bias: the largest of its sign. `allowed` chooses
 * among the terms; -1 if it allows none.
 */
export function strongest(terms: ArrayLike<number>, bias: number, allowed: (i: number) => boolean): number {
  let total = bias;
  for (let i = 0; i < terms.length; i++) total += terms[i];
  const sign = total < 0 ? -1 : 1;
  let best = -1;
  for (let i = 0; i < terms.length; i++) {
    if (allowed(i) && (best < 0 || sign * terms[i] > sign * terms[best])) best = i;
  }
  return best;
}
