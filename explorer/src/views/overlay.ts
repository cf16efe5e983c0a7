/** Explanations drawn over images and signals. */

import type { Shape } from "../model/document";
import type { Overlay } from "../state/overlay";
import type { Store } from "../state/store";
import type { Scale } from "./colors";
import { colorOf, imagePixels, scaleOf } from "./colors";

const STOPS = 11; // of a legend
const PANEL: [number, number] = [960, 200]; // pixels of a signal with its curves
const LINES = [[], [9, 5], [2, 5], [14, 5, 2, 5]]; // dashes of the channels of a signal
const MARK = "#e6007e";

/** Return the scale of a map: from 0, or from minus to plus the largest magnitude. */
export function overlayScale(store: Store, { method, values }: Overlay): Scale {
  const { high } = scaleOf(values);
  return { low: store.document.explanations.methods[method].signed ? -high : 0, high };
}

/** Return the index of the largest magnitude. */
export function strongestOf(values: Float32Array): number {
  let best = 0;
  values.forEach((value, i) => {
    if (Math.abs(value) > Math.abs(values[best])) best = i;
  });
  return best;
}

/** Return the image that a map belongs to. */
export function imageOf(store: Store, { sample }: Overlay): Float32Array {
  return sample === null ? store.values.value : store.samples[sample];
}

/** Return an image in gray with the colors of a map over it, so that all color is that of the map. */
export function overlayPixels(store: Store, overlay: Overlay, opacity: number): ImageData {
  const image = imagePixels(imageOf(store, overlay), store.look);
  const scale = overlayScale(store, overlay);
  overlay.values.forEach((value, p) => {
    const [r, g, b, a] = image.data.subarray(4 * p, 4 * p + 4);
    const gray = ((0.299 * r + 0.587 * g + 0.114 * b) * a) / 255 + 255 - a; // over white
    const mixed = colorOf(value, scale).map((color) => opacity * color + (1 - opacity) * gray);
    image.data.set([...mixed, 255], 4 * p);
  });
  return image;
}

/** Draw the image of a map at `zoom` pixels per pixel, with the strongest pixel outlined. */
export function drawPicture(context: CanvasRenderingContext2D, store: Store, overlay: Overlay, opacity: number, zoom: number): void {
  const [h, w] = store.shape;
  const small = new OffscreenCanvas(w, h);
  small.getContext("2d")?.putImageData(overlayPixels(store, overlay, opacity), 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, w * zoom, h * zoom);
  const best = strongestOf(overlay.values);
  if (overlay.values[best] === 0) return;
  const side = Math.max(zoom, 6);
  const [x, y] = [((best % w) + 0.5) * zoom - side / 2, (Math.floor(best / w) + 0.5) * zoom - side / 2];
  for (const [color, width] of [["#fff", 4], [MARK, 2]] as const) {
    context.strokeStyle = color;
    context.lineWidth = width;
    context.strokeRect(x, y, side, side);
  }
}

export function signalPanel(): [number, number] {
  return PANEL;
}

/** Draw the curves of a signal over a band of color for each position. */
export function drawSignal(context: CanvasRenderingContext2D, store: Store, overlay: Overlay, opacity: number): void {
  const [width, height] = PANEL;
  const [, n, c]: Shape = store.shape;
  const values = imageOf(store, overlay);
  const scale = overlayScale(store, overlay);
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.globalAlpha = opacity;
  overlay.values.forEach((value, i) => {
    context.fillStyle = `rgb(${colorOf(value, scale).join()})`;
    const [left, right] = [Math.round((i * width) / n), Math.round(((i + 1) * width) / n)];
    context.fillRect(left, 0, right - left, height);
  });
  context.globalAlpha = 1;
  const [low, high] = values.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [Infinity, -Infinity]);
  const y = (value: number) => height - 12 - ((height - 24) * (value - low)) / (high - low || 1);
  for (let k = 0; k < c; k++) {
    context.beginPath();
    for (let i = 0; i < n; i++) context.lineTo(((i + 0.5) * width) / n, y(values[i * c + k]));
    for (const [color, line] of [["#fff", 6], ["#000", 2]] as const) {
      context.setLineDash(color === "#fff" ? [] : LINES[k % LINES.length]);
      context.strokeStyle = color;
      context.lineWidth = line;
      context.stroke();
    }
  }
}

/** Return the colors of a scale, from its low to its high end, for CSS. */
export function gradientOf(scale: Scale): string {
  const stops = Array.from({ length: STOPS }, (_, i) => {
    const value = scale.low + ((scale.high - scale.low) * i) / (STOPS - 1);
    return `rgb(${colorOf(value, scale).join()})`;
  });
  return `linear-gradient(to right, ${stops.join()})`;
}
