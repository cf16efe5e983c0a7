/** Images in the units of X, as numbers. */

import { bytesOf, floatsOf } from "./bytes";
import type { Final, InputForm, Sample } from "./document";
import { decodePng } from "./png";
import { sigmoid, softmaxOf } from "../engine/activation";

/** Return the values of a sample: height × width × channels. */
export async function valuesOf(sample: Sample, form: InputForm): Promise<Float32Array> {
  if (form.encoding === "float32") return floatsOf(sample.data);
  return Float32Array.from(await decodePng(bytesOf(sample.data)));
}

/** Return what the net reads: the values times the float32 scale, rounded once. */
export function scaled(values: Float32Array, form: InputForm): Float32Array {
  return Float32Array.from(values, (value) => value * form.scale);
}

/** Return probabilities, or the values of a regressor, from the outputs of the net. */
export function finalValues(outputs: ArrayLike<number>, final: Final): Float64Array {
  const z = Float64Array.from(outputs);
  if (final.function === "softmax") return softmaxOf(z);
  if (final.function === "multilabel") return z.map(sigmoid);
  if (final.function === "sigmoid") return Float64Array.of(sigmoid(-z[0]), sigmoid(z[0]));
  return z.map((value, i) => (final.mean?.[i] ?? 0) + (final.scale?.[i] ?? 1) * value);
}

/** Return the predicted class names, or the numbers of a regressor. */
export function predictionOf(values: Float64Array, final: Final, number: (value: number) => string): string {
  if (final.function === "identity") return Array.from(values, number).join(", ");
  if (final.function === "multilabel") {
    return final.classes.filter((_, i) => values[i] > 0.5).join(", ") || "–";
  }
  return final.classes[values.indexOf(Math.max(...values))];
}
