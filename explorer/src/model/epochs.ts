/** The weights of the net after some epochs of its training. */

import { bytesOf, floatsOf } from "./bytes";
import type { Epochs } from "./document";

/** Return the weights after the epoch at `index`. */
export function weightsOf({ encoding, weights }: Epochs, index: number): Float32Array {
  return encoding === "float32" ? floatsOf(weights[index]) : halfFloatsOf(weights[index]);
}

/** Return the values of little-endian float16 numbers. */
export function halfFloatsOf(base64: string): Float32Array {
  const bytes = bytesOf(base64);
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length / 2 }, (_, i) => halfFloat(view.getUint16(2 * i, true)));
}

/** Return the value of 16 bits: sign, 5 bits of exponent, 10 of fraction. convnet writes neither infinity nor NaN. */
function halfFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = (bits & 1023) / 1024;
  return sign * (exponent === 0 ? 2 ** -14 * fraction : 2 ** (exponent - 15) * (1 + fraction));
}
