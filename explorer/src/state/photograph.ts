/** A photograph in the form that the net takes: its middle, resized to the height and width of the input. */

import type { InputForm, Shape } from "../model/document";

/** Return the values in the units of X, or null if the browser cannot read the file as an image. */
export async function photographOf(file: Blob, [h, w, c]: Shape, form: InputForm): Promise<Float32Array | null> {
  let picture: ImageBitmap;
  try {
    picture = await createImageBitmap(file);
  } catch {
    return null;
  }
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [w, h];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) return null;
  const factor = Math.max(w / picture.width, h / picture.height);
  const [width, height] = [picture.width * factor, picture.height * factor];
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, (w - width) / 2, (h - height) / 2, width, height);
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
