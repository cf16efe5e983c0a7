/** Scales of colors that people with color blindness can tell apart. */

import type { Shape } from "../model/document";

type Rgb = [number, number, number];

// Cividis (Nuñez, Anderton and Renslow, 2018), for maps without negative values.
const SEQUENTIAL: Rgb[] = [
  [0, 32, 77], [0, 52, 110], [57, 72, 107], [87, 92, 109], [112, 113, 115], [138, 134, 121], [166, 157, 117],
  [196, 181, 108], [228, 207, 91], [255, 234, 70],
];
// Purple and orange (ColorBrewer's PuOr), with white as 0.
const DIVERGING: Rgb[] = [
  [45, 0, 75], [84, 39, 136], [128, 115, 172], [178, 171, 210], [216, 218, 235], [247, 247, 247], [254, 224, 182],
  [253, 184, 99], [224, 130, 20], [179, 88, 6], [127, 59, 8],
];

/** The values at both ends of a scale: 0 and the largest, or ± the largest magnitude. */
export interface Scale {
  low: number;
  high: number;
}

export function scaleOf(values: ArrayLike<number>, start = 0, step = 1): Scale {
  let [low, high] = [0, 0];
  for (let i = start; i < values.length; i += step) {
    if (values[i] < low) low = values[i];
    if (values[i] > high) high = values[i];
  }
  const largest = Math.max(-low, high) || 1;
  return { low: low < 0 ? -largest : 0, high: largest };
}

/** Return the color of a value. */
export function colorOf(value: number, { low, high }: Scale): Rgb {
  const stops = low < 0 ? DIVERGING : SEQUENTIAL;
  const share = Math.min(Math.max((value - low) / (high - low), 0), 1) || 0;
  const at = share * (stops.length - 1);
  const i = Math.min(Math.floor(at), stops.length - 2);
  return stops[i].map((from, k) => Math.round(from + (at - i) * (stops[i + 1][k] - from))) as Rgb;
}

/** Return the color of a value for CSS, and black or white, whichever is easier to read on it. */
export function cssColor(value: number, scale: Scale): { background: string; color: string } {
  const [r, g, b] = colorOf(value, scale);
  return { background: `rgb(${r}, ${g}, ${b})`, color: luminance([r, g, b]) > MIDDLE ? "#000" : "#fff" };
}

const MIDDLE = Math.sqrt(1.05 * 0.05) - 0.05; // the luminance at which black and white have the same contrast

/** Return the relative luminance of a color (WCAG 2). */
function luminance(color: Rgb): number {
  const [r, g, b] = color.map((byte) => (byte <= 10 ? byte / 255 / 12.92 : ((byte / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Return the pixels of one channel of a map. */
export function mapPixels(values: Float32Array, h: number, w: number, c: number, channel: number, scale: Scale): ImageData {
  const image = new ImageData(w, h);
  for (let p = 0; p < h * w; p++) {
    const [r, g, b] = colorOf(values[p * c + channel], scale);
    image.data.set([r, g, b, 255], 4 * p);
  }
  return image;
}

/** What an image looks like: its shape, the values of black and white, and whether its last channel is alpha. */
export interface Look {
  shape: Shape;
  range: [number, number];
  alpha: boolean;
}

/** Return the pixels of an image: gray or RGB, with alpha if it has it; of any other number of channels the mean as gray. */
export function imagePixels(values: Float32Array, { shape: [h, w, c], range: [low, high], alpha }: Look): ImageData {
  const colors = alpha ? c - 1 : c;
  const image = new ImageData(w, h);
  const byte = (value: number) => (255 * (value - low)) / (high - low);
  for (let p = 0; p < h * w; p++) {
    const pixel = Array.from(values.subarray(p * c, (p + 1) * c), byte);
    const gray = pixel.slice(0, colors).reduce((a, b) => a + b, 0) / colors;
    const rgb = colors === 3 ? pixel.slice(0, 3) : [gray, gray, gray];
    image.data.set([...rgb, alpha ? pixel[c - 1] : 255], 4 * p);
  }
  return image;
}
