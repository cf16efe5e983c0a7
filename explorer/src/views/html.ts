/** Markup in templates, and numbers as text. */

export { html } from "htm/preact";

/** Return a number with four significant digits. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return "0";
  const size = Math.abs(value);
  const plain = size >= 1e-3 && size < 1e6 ? String(Number(value.toPrecision(4))) : value.toExponential(2);
  return plain.replace("-", "−");
}

export function percent(value: number): string {
  return `${(100 * value).toFixed(1)}%`;
}

export function cross(shape: number[]): string {
  return shape.join("×");
}
