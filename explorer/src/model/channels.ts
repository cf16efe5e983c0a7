/** The channels of maps and images: their order, and which of them are colors. */

import type { InputForm, Shape } from "./document";

/** Return the channels by their mean magnitude, the largest first. */
export function strongestFirst(values: Float32Array, c: number): number[] {
  const strength = new Float64Array(c);
  values.forEach((value, i) => (strength[i % c] += Math.abs(value)));
  return Array.from(strength.keys()).sort((a, b) => strength[b] - strength[a] || a - b);
}

/** Whether the last channel of an image is alpha: in files of 8 bits with 2 or 4 channels. Numbers may mean anything. */
export function hasAlpha({ encoding }: InputForm, [, , c]: Shape): boolean {
  return encoding === "png" && (c === 2 || c === 4);
}

/** Whether an image can be shown as gray or colors, and a photograph can take its place. */
export function isPhotograph(form: InputForm, shape: Shape): boolean {
  const c = shape[2];
  return form.shape.length === 3 && (c === 1 || c === 3 || (c === 4 && hasAlpha(form, shape)));
}
