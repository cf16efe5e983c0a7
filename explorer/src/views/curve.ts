/** Signals as curves: time from left to right, one curve for each channel. */

import type { Scale } from "./colors";
import { html } from "./html";

const POINTS = 300; // of a curve; longer signals show the smallest and the largest value of each piece
const HEIGHT = 100; // units of the drawing
export const COLORS = 4; // channels that have a color of their own

/** Return the path of one channel of a signal of length w: x from 0 to w - 1, y from `HEIGHT` (low) to 0 (high). */
export function pathOf(values: Float32Array, w: number, c: number, channel: number, { low, high }: Scale): string {
  const y = (value: number) => (HEIGHT * (1 - (value - low) / (high - low || 1))).toFixed(1);
  const points: string[] = [];
  const step = Math.max(1, Math.ceil(w / POINTS));
  for (let start = 0; start < w; start += step) {
    let [lowest, highest] = [start, start];
    for (let i = start; i < Math.min(w, start + step); i++) {
      if (values[i * c + channel] < values[lowest * c + channel]) lowest = i;
      if (values[i * c + channel] > values[highest * c + channel]) highest = i;
    }
    for (const i of lowest === highest ? [lowest] : [lowest, highest].sort((a, b) => a - b))
      points.push(`${i},${y(values[i * c + channel])}`);
  }
  return `M${points.join("L")}`;
}

/**
 * Draws some channels of a signal. A line marks 0, if the scale holds it. The channels of the input have a color each; those of
 * layers are drawn alone and share one.
 */
export function Curve({ values, w, c, channels, scale, isInput = false }: {
  values: Float32Array;
  w: number;
  c: number;
  channels: number[];
  scale: Scale;
  isInput?: boolean;
}) {
  const zero = HEIGHT * (1 + scale.low / (scale.high - scale.low || 1));
  return html`
    <svg class="curve" viewBox=${`0 -4 ${Math.max(1, w - 1)} ${HEIGHT + 8}`} preserveAspectRatio="none" aria-hidden="true">
      ${zero >= 0 && zero <= HEIGHT && html`<path class="zero" d=${`M0,${zero}H${w}`} />`}
      ${channels.map((k) => html`<path key=${k} class=${`line-${isInput ? k % COLORS : 0}`} d=${pathOf(values, w, c, k, scale)} />`)}
    </svg>`;
}
