/** The order of channels. */

/** Return the channels by their mean magnitude, the largest first. */
export function strongestFirst(values: Float32Array, c: number): number[] {
  const strength = new Float64Array(c);
  values.forEach((value, i) => (strength[i % c] += Math.abs(value)));
  return Array.from(strength.keys()).sort((a, b) => strength[b] - strength[a] || a - b);
}
