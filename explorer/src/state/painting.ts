/** Strokes of a brush. They lie on the image and move with it. */

import type { Shape } from "../model/document";
import type { Edits, Place } from "./edits";
import { placeOf } from "./edits";

/** A straight part of a stroke, with round ends. */
export interface Stroke {
  from: Place; // in the image, before it is moved
  to: Place;
  radius: number; // pixels
  color: ArrayLike<number>; // a value for each channel
}

const LEAST_RADIUS = Math.SQRT1_2; // reaches the center of at least one pixel from any place

/** Return the moved image with the strokes on it. */
export function painted(values: Float32Array, shape: Shape, edits: Edits, strokes: Stroke[]): Float32Array {
  if (!strokes.length) return values;
  const result = Float32Array.from(values);
  for (const { from, to, radius, color } of strokes)
    paint(result, shape, placeOf(from, shape, edits), placeOf(to, shape, edits), radius, color);
  return result;
}

/** Set the pixels whose centers lie within `radius` of the line between two places to a color, in place. */
export function paint(
  values: Float32Array,
  [h, w, c]: Shape,
  from: Place,
  to: Place,
  radius: number,
  color: ArrayLike<number>,
): void {
  const reach = Math.max(radius, LEAST_RADIUS);
  const first = (a: number, b: number) => Math.max(0, Math.ceil(Math.min(a, b) - reach));
  const last = (a: number, b: number, n: number) => Math.min(n - 1, Math.floor(Math.max(a, b) + reach));
  for (let row = first(from.row, to.row); row <= last(from.row, to.row, h); row++)
    for (let column = first(from.column, to.column); column <= last(from.column, to.column, w); column++) {
      if (distance({ row, column }, from, to) > reach) continue;
      for (let k = 0; k < c; k++) values[(row * w + column) * c + k] = color[k];
    }
}

/** Return the distance of a place from the line between two others. */
function distance(at: Place, from: Place, to: Place): number {
  const [down, right] = [to.row - from.row, to.column - from.column];
  const square = down * down + right * right;
  const along = square ? ((at.row - from.row) * down + (at.column - from.column) * right) / square : 0;
  const share = Math.min(Math.max(along, 0), 1);
  return Math.hypot(at.row - from.row - share * down, at.column - from.column - share * right);
}
