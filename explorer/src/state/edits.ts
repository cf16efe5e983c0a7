/** Changes of an image: brightness, shift and rotation. */

import type { Shape } from "../model/document";

export interface Edits {
  brightness: number; // share of the range that is added
  right: number; // pixels
  down: number;
  rotation: number; // degrees, clockwise
}

export const NO_EDITS: Edits = { brightness: 0, right: 0, down: 0, rotation: 0 };

export function isEdited(edits: Edits): boolean {
  return edits.brightness !== 0 || edits.right !== 0 || edits.down !== 0 || edits.rotation !== 0;
}

/** Return the changed image. Pixels from beyond its edges are 0; values between pixels are interpolated. */
export function edited(values: Float32Array, shape: Shape, edits: Edits, range: [number, number]): Float32Array {
  if (!isEdited(edits)) return values;
  const [h, w, c] = shape;
  const [low, high] = range;
  const colors = c === 2 || c === 4 ? c - 1 : c; // alpha stays
  const result = new Float32Array(values.length);
  const angle = (edits.rotation * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const [middleY, middleX] = [(h - 1) / 2, (w - 1) / 2];
  for (let row = 0; row < h; row++)
    for (let column = 0; column < w; column++) {
      const [y, x] = [row - edits.down - middleY, column - edits.right - middleX];
      const [fromY, fromX] = [cos * y - sin * x + middleY, sin * y + cos * x + middleX];
      for (let k = 0; k < c; k++) {
        const value = interpolated(values, shape, fromY, fromX, k);
        const bright = k < colors ? value + edits.brightness * (high - low) : value;
        const at = (row * w + column) * c + k;
        result[at] = edits.brightness === 0 ? value : Math.min(Math.max(bright, low), high);
      }
    }
  return result;
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

/** Set the pixels whose centers lie within `radius` of a point to a color, in place. */
export function paint(
  values: Float32Array,
  [h, w, c]: Shape,
  at: { row: number; column: number; radius: number },
  color: ArrayLike<number>,
): void {
  for (let row = Math.max(0, Math.ceil(at.row - at.radius)); row <= Math.min(h - 1, at.row + at.radius); row++)
    for (let column = Math.max(0, Math.ceil(at.column - at.radius)); column <= Math.min(w - 1, at.column + at.radius); column++) {
      if (Math.hypot(row - at.row, column - at.column) > at.radius) continue;
      for (let k = 0; k < c; k++) values[(row * w + column) * c + k] = color[k];
    }
}

/** Return the mean color of an image. */
export function meanColor(values: Float32Array, c: number): Float64Array {
  const sums = new Float64Array(c);
  values.forEach((value, i) => (sums[i % c] += value));
  return sums.map((sum) => (sum * c) / values.length);
}
