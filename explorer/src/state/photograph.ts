/** Photographs in the form that the net takes. Their sizes and places follow convnet/data/images/form.py. */

import { hasAlpha } from "../model/channels";
import type { InputForm, Shape } from "../model/document";

/** How an image of other proportions fits into the input: its middle, all of it with black margins, or distorted. */
export type Fit = "crop" | "pad" | "stretch";

/** A rectangle in pixels. */
export interface Box {
  top: number;
  left: number;
  height: number;
  width: number;
}

/** Return the part of an image that is shown, and where it is written. */
export function placementOf(height: number, width: number, [h, w]: Shape, fit: Fit): { source: Box; target: Box } {
  const source = { top: 0, left: 0, height, width };
  const target = { top: 0, left: 0, height: h, width: w };
  if (fit === "crop") {
    source.height = Math.min(height, (width * h) / w);
    source.width = Math.min(width, (height * w) / h);
    source.top = Math.floor((height - source.height) / 2);
    source.left = Math.floor((width - source.width) / 2);
  } else if (fit === "pad") {
    const scale = Math.min(h / height, w / width);
    target.height = Math.min(h, Math.max(1, rounded(height * scale)));
    target.width = Math.min(w, Math.max(1, rounded(width * scale)));
    target.top = Math.floor((h - target.height) / 2);
    target.left = Math.floor((w - target.width) / 2);
  }
  return { source, target };
}

/** Round as Python does: halves to the even number. */
function rounded(value: number): number {
  const nearest = Math.round(value);
  return nearest - value === 0.5 && nearest % 2 ? nearest - 1 : nearest;
}

/** Return the values of an image file in the units of X, or null if the browser cannot read it. */
export async function photographOf(file: Blob, shape: Shape, form: InputForm): Promise<Float32Array | null> {
  let picture: ImageBitmap;
  try {
    picture = await createImageBitmap(file);
  } catch {
    return null;
  }
  try {
    return pictureValues(picture, picture.height, picture.width, shape, form);
  } finally {
    picture.close();
  }
}

/** Return the values of a picture in the units of X. Transparent pixels lie on white, unless the input has alpha. */
export function pictureValues(
  picture: CanvasImageSource,
  height: number,
  width: number,
  shape: Shape,
  form: InputForm,
): Float32Array | null {
  const [h, w, c] = shape;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [w, h];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) return null;
  const { source, target } = placementOf(height, width, shape, form.fit ?? "crop");
  if (!hasAlpha(form, shape)) {
    context.fillStyle = "#000";
    context.fillRect(0, 0, w, h);
    context.fillStyle = "#fff";
    context.fillRect(target.left, target.top, target.width, target.height);
  }
  context.imageSmoothingQuality = "high";
  context.drawImage(
    picture,
    ...([source.left, source.top, source.width, source.height] as const),
    ...([target.left, target.top, target.width, target.height] as const),
  );
  const { data } = context.getImageData(0, 0, w, h);
  const unit = (form.dtype === "uint8" ? 255 : form.largest) / 255;
  const values = new Float32Array(h * w * c);
  for (let p = 0; p < h * w; p++) {
    const [r, g, b, a] = data.subarray(4 * p, 4 * p + 4);
    const pixel = c === 1 ? [0.299 * r + 0.587 * g + 0.114 * b] : [r, g, b, a];
    for (let k = 0; k < c; k++) values[p * c + k] = (form.dtype === "uint8" ? Math.round(pixel[k]) : pixel[k]) * unit;
  }
  return values;
}
