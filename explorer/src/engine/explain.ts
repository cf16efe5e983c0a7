/** Grad-CAM and saliency of one output; the definitions are those of convnet/inspection/explain. */

import type { Final, Shape } from "../model/document";
import type { Buffers, Engine } from "./engine";
import { axisWeights } from "./resizing";

/** What to explain, and how. */
export interface Question {
  method: "gradcam" | "saliency";
  target: number | null; // index of a class, or of an output of a regressor; null: the prediction
  layer: string | null; // whose maps Grad-CAM reads
  final: Final;
  scale: number; // that images are multiplied by
  flat: boolean; // the input is a row of features, not a map
}

/** A map of the height and width of the image, in units of the output, for saliency per unit of X. */
export interface Explanation {
  method: Question["method"];
  target: number;
  values: Float32Array;
}

/** Return the class that is predicted: the likeliest one of several labels; for a regressor its first output. */
export function predictedTarget(outputs: ArrayLike<number>, final: Final): number {
  if (final.function === "identity") return 0;
  if (final.function === "sigmoid") return outputs[0] > 0 ? 1 : 0;
  return Array.from(outputs).reduce((best, value, i) => (value > outputs[best] ? i : best), 0);
}

/** Return the gradient of what is explained by the outputs: of a logit, or of a value of a regressor in the units of y. */
function seedOf(target: number, n: number, final: Final): Float64Array {
  const seed = new Float64Array(n);
  if (final.function === "sigmoid") seed[0] = 2 * target - 1; // the logit stands for class 1, its negative for class 0
  else seed[target] = final.function === "identity" ? (final.scale?.[target] ?? 1) : 1;
  return seed;
}

/** Return an explanation of the image that a forward pass was for; undefined if the outputs or the maps are not known. */
export function explain(engine: Engine, buffers: Buffers, question: Question): Explanation | undefined {
  const { net } = engine;
  const outputs = engine.values(buffers, net.output);
  if (!outputs) return undefined;
  const target = question.target ?? predictedTarget(outputs, question.final);
  const seed = seedOf(target, outputs.length, question.final);
  const shape = engine.graph.shape(net.input);
  const { method } = question;
  if (method === "saliency") {
    const gradient = engine.gradient(buffers, seed, net.input);
    return gradient && { method, target, values: largest(gradient, shape, question) };
  }
  const layer = engine.graph.layers.get(question.layer ?? "");
  if (!layer) return undefined;
  const maps = engine.values(buffers, layer.buffer);
  const gradient = engine.gradient(buffers, seed, layer.buffer);
  return maps && gradient && { method, target, values: gradcam(maps, gradient, engine.graph.shape(layer.buffer), shape) };
}

/** max over the channels of |∂f/∂x|; for flat rows |∂f/∂x| of each feature. */
function largest(gradient: Float64Array, [h, w, c]: Shape, { scale, flat }: Question): Float32Array {
  if (flat) return Float32Array.from(gradient, (value) => Math.abs(value * scale));
  const found = new Float32Array(h * w);
  gradient.forEach((value, i) => {
    const pixel = Math.floor(i / c);
    found[pixel] = Math.max(found[pixel], Math.abs(value * scale));
  });
  return found;
}

/** ReLU(Σ_k α_k A_k), resized to the image by bilinear interpolation; α_k is the mean of ∂f/∂A_k over the map. */
function gradcam(maps: Float32Array, gradient: Float64Array, [h, w, c]: Shape, [oh, ow]: Shape): Float32Array {
  const alpha = new Float64Array(c);
  gradient.forEach((value, i) => (alpha[i % c] += value / (h * w)));
  const weighted = new Float64Array(h * w);
  maps.forEach((value, i) => (weighted[Math.floor(i / c)] += value * alpha[i % c]));
  const found = new Float32Array(oh * ow);
  for (let row = 0; row < oh; row++) {
    const [top, rows] = axisWeights("linear", h, oh, row);
    for (let column = 0; column < ow; column++) {
      const [left, columns] = axisWeights("linear", w, ow, column);
      let sum = 0;
      for (let i = 0; i < rows.length; i++)
        for (let j = 0; j < columns.length; j++)
          sum += rows[i] * columns[j] * Math.max(weighted[(top + i) * w + left + j], 0);
      found[row * ow + column] = sum;
    }
  }
  return found;
}
