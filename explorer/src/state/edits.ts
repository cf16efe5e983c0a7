/** Changes of an image by sliders: brightness, shift and rotation. */

import type { Shape } from "../model/document";

export interface Edits {
  brightness: number; // share of the range that is added
  right: number; // pixels
  down: number;
  rotation: number; // degrees, clockwise
}

/** A point of an image in pixels; the center of the first pixel is (0, 0). */
export interface Place {
  row: number;
  column: number;
}

export const NO_EDITS: Edits = { brightness: 0, right: 0, down: 0, rotation: 0 };

export function isEdited(edits: Edits): boolean {
  return edits.brightness !== 0 || edits.right !== 0 || edits.down !== 0 || edits.rotation !== 0;
}

/** Return the moved image: shifted and rotated. Pixels from beyond its edges are 0; values between pixels are interpolated. */
export function moved(values: Float32Array, shape: Shape, edits: Edits): Float32Array {
  if (edits.right === 0 && edits.down === 0 && edits.rotation === 0) return values;
  const [h, w, c] = shape;
  const result = new Float32Array(values.length);
  for (let row = 0; row < h; row++)
    for (let column = 0; column < w; column++) {
      const from = sourceOf({ row, column }, shape, edits);
      for (let k = 0; k < c; k++) result[(row * w + column) * c + k] = interpolated(values, shape, from.row, from.column, k);
    }
  return result;
}

/** Return the image with a share of the range added to its colors, the first `colors` channels. */
export function brightened(
  values: Float32Array,
  [, , c]: Shape,
  brightness: number,
  [low, high]: [number, number],
  colors: number,
): Float32Array {
  if (brightness === 0) return values;
  return values.map((value, i) => {
    const bright = i % c < colors ? value + brightness * (high - low) : value;
    return Math.min(Math.max(bright, low), high);
  });
}

/** Return the place in the image of what is shown at a place of the moved image. */
export function sourceOf({ row, column }: Place, [h, w]: Shape, edits: Edits): Place {
  const [cos, sin] = turn(edits);
  const [y, x] = [row - edits.down - (h - 1) / 2, column - edits.right - (w - 1) / 2];
  return { row: cos * y - sin * x + (h - 1) / 2, column: sin * y + cos * x + (w - 1) / 2 };
}

/** Return where the moved image shows a place of the image: the inverse of `sourceOf`. */
export function placeOf({ row, column }: Place, [h, w]: Shape, edits: Edits): Place {
  const [cos, sin] = turn(edits);
  const [y, x] = [row - (h - 1) / 2, column - (w - 1) / 2];
  return { row: cos * y + sin * x + edits.down + (h - 1) / 2, column: cos * x - sin * y + edits.right + (w - 1) / 2 };
}

function turn(edits: Edits): [number, number] {
  const angle = (edits.rotation * Math.PI) / 180;
  return [Math.cos(angle), Math.sin(angle)];
}

function interpolated(values: Float32Array, [h, w, c]: Shape, y: number, x: number, channel: number): number {
  const [top, left] = [Math.floor(y), Math.floor(x)];
  let sum = 0;
  for (let i = 0; i < 2; i++)
    for (let j = 0; j < 2; j++) {
      const [row, column] = [top + i, left + j];
      if (row < 0 || row >= h || column < 0 || column >= w) continue;
      const weight = (1 - Math.abs(y - row)) * (1 - Math.abs(x - column));
      if (weight > 0) sum += weight * values[(row * w + column) * c + channel];
    }
  return sum;
}

/** Return the mean color of an image. */
export function meanColor(values: Float32Array, c: number): Float64Array {
  const sums = new Float64Array(c);
  values.forEach((value, i) => (sums[i % c] += value));
  return sums.map((sum) => (sum * c) / values.length);
}
