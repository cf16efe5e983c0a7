/** Batch and group normalization, local response normalization, Rescale and Normalize. */

import type { Operation } from "../model/document";
import type { Gradients, Kernel, Memory } from "./operation";
import { valueAt } from "./operation";
import type { AffineStep } from "./step";

interface WithEpsilon extends Operation {
  epsilon: number;
}

/** gamma (x - mean) / √(variance + epsilon) + beta, with the running statistics */
export const batchNorm: Kernel<WithEpsilon> = {
  forward(op, memory) {
    const [beta, mean] = ["beta", "mean"].map((role) => memory.parameter(op, role));
    const factor = batchNormFactor(op, memory);
    const term = Float64Array.from(beta, (b, k) => b - mean[k] * factor[k]);
    scaleChannels(op, memory, factor, term);
  },

  backward(op, memory, gradients) {
    scaleGradients(op, gradients, batchNormFactor(op, memory));
  },

  step(op, memory, index) {
    const channel = index[2];
    const [gamma, beta, mean, variance] = ["gamma", "beta", "mean", "variance"].map(
      (role) => memory.parameter(op, role)[channel],
    );
    const input = valueAt(memory, op.src, index);
    const value = (gamma * (input - mean)) / Math.sqrt(variance + op.epsilon) + beta;
    return { kind: "normalization", group: null, input, mean, variance, epsilon: op.epsilon, gamma, beta, value, source: index };
  },
};

/** Return gamma / √(variance + epsilon) of each channel. */
function batchNormFactor(op: WithEpsilon, memory: Memory): Float64Array {
  const variance = memory.parameter(op, "variance");
  return Float64Array.from(memory.parameter(op, "gamma"), (g, k) => g / Math.sqrt(variance[k] + op.epsilon));
}

interface GroupNorm extends WithEpsilon {
  groups: number;
}

export const groupNorm: Kernel<GroupNorm> = {
  forward(op, memory) {
    const c = memory.shape(op.src)[2];
    const [gamma, beta] = ["gamma", "beta"].map((role) => memory.parameter(op, role));
    const factor = new Float64Array(c);
    const term = new Float64Array(c);
    for (let g = 0; g < op.groups; g++) {
      const [mean, variance] = statistics(op, memory, g);
      for (let k = (g * c) / op.groups; k < ((g + 1) * c) / op.groups; k++) {
        factor[k] = gamma[k] / Math.sqrt(variance + op.epsilon);
        term[k] = beta[k] - mean * factor[k];
      }
    }
    scaleChannels(op, memory, factor, term);
  },

  // With x' the normalized input and g' = gamma g: (g' - mean g' - x' mean(g' x')) / √(variance + epsilon), the means
  // over the group.
  backward(op, memory, gradients) {
    const [h, w, c] = memory.shape(op.src);
    const src = memory.values(op.src);
    const gamma = memory.parameter(op, "gamma");
    const [grad, given] = [gradients.of(op.src), gradients.of(op.dst)];
    const n = c / op.groups;
    for (let g = 0; g < op.groups; g++) {
      const [mean, variance] = statistics(op, memory, g);
      const deviation = Math.sqrt(variance + op.epsilon);
      let [sum, products] = [0, 0];
      for (let p = 0; p < h * w; p++)
        for (let k = g * n, i = p * c + k; k < (g + 1) * n; k++, i++) {
          sum += gamma[k] * given[i];
          products += (gamma[k] * given[i] * (src[i] - mean)) / deviation;
        }
      sum /= h * w * n;
      products /= h * w * n;
      for (let p = 0; p < h * w; p++)
        for (let k = g * n, i = p * c + k; k < (g + 1) * n; k++, i++)
          grad[i] += (gamma[k] * given[i] - sum - ((src[i] - mean) / deviation) * products) / deviation;
    }
  },

  step(op, memory, index) {
    const n = memory.shape(op.src)[2] / op.groups;
    const g = Math.floor(index[2] / n);
    const [mean, variance] = statistics(op, memory, g);
    const [gamma, beta] = ["gamma", "beta"].map((role) => memory.parameter(op, role)[index[2]]);
    const input = valueAt(memory, op.src, index);
    const value = (gamma * (input - mean)) / Math.sqrt(variance + op.epsilon) + beta;
    const group: [number, number] = [g * n, (g + 1) * n - 1];
    return { kind: "normalization", group, input, mean, variance, epsilon: op.epsilon, gamma, beta, value, source: index };
  },
};

/** Return mean and variance of a group of channels. */
function statistics(op: GroupNorm, memory: Memory, group: number): [number, number] {
  const src = memory.values(op.src);
  const [h, w, c] = memory.shape(op.src);
  const n = c / op.groups;
  let sum = 0;
  for (let p = 0; p < h * w; p++) for (let k = group * n; k < (group + 1) * n; k++) sum += src[p * c + k];
  const mean = sum / (h * w * n);
  let squares = 0;
  for (let p = 0; p < h * w; p++) for (let k = group * n; k < (group + 1) * n; k++) squares += (src[p * c + k] - mean) ** 2;
  return [mean, squares / (h * w * n)];
}

interface Affine extends WithEpsilon {
  scale: number;
  offset: number;
}

/** scale · x + offset; with parameters (x - mean) / deviation, where a deviation up to epsilon counts as 1 */
export const affine: Kernel<Affine> = {
  forward(op, memory) {
    const constants = affineConstants(op, memory);
    const term = Float64Array.from(constants, (by) => ("std" in by ? -by.mean / by.std : by.offset));
    scaleChannels(op, memory, affineFactor(constants), term);
  },

  backward(op, memory, gradients) {
    scaleGradients(op, gradients, affineFactor(affineConstants(op, memory)));
  },

  step(op, memory, index) {
    const input = valueAt(memory, op.src, index);
    const by = affineOf(op, memory, index[2]);
    const value = "std" in by ? (input - by.mean) / by.std : by.scale * input + by.offset;
    return { kind: "affine", input, by, value, source: index };
  },
};

function affineOf(op: Affine, memory: Memory, channel: number): AffineStep["by"] {
  if (!memory.has(op, "mean")) return { scale: op.scale, offset: op.offset };
  const deviation = memory.parameter(op, "deviation")[channel];
  return { mean: memory.parameter(op, "mean")[channel], std: deviation <= op.epsilon ? 1 : deviation };
}

function affineConstants(op: Affine, memory: Memory): AffineStep["by"][] {
  return Array.from({ length: memory.shape(op.src)[2] }, (_, k) => affineOf(op, memory, k));
}

function affineFactor(constants: AffineStep["by"][]): Float64Array {
  return Float64Array.from(constants, (by) => ("std" in by ? 1 / by.std : by.scale));
}

function scaleGradients(op: Operation, gradients: Gradients, factor: Float64Array): void {
  const grad = gradients.of(op.src);
  gradients.of(op.dst).forEach((g, i) => (grad[i] += g * factor[i % factor.length]));
}

function scaleChannels(op: Operation, memory: Memory, factor: Float64Array, term: Float64Array): void {
  const src = memory.values(op.src);
  const dst = memory.values(op.dst);
  const c = factor.length;
  for (let i = 0, k = 0; i < src.length; i++) {
    dst[i] = src[i] * factor[k] + term[k];
    if (++k === c) k = 0;
  }
}

interface Lrn extends Operation {
  size: number;
  alpha: number;
  beta: number;
  k: number;
}

/** x / (k + alpha / size · Σ squares of the channels around) ^ beta */
export const lrn: Kernel<Lrn> = {
  forward(op, memory) {
    const src = memory.values(op.src);
    const dst = memory.values(op.dst);
    const c = memory.shape(op.src)[2];
    for (let i = 0; i < src.length; i++) {
      const [first, last] = reach(op, c, i % c);
      let squares = 0;
      for (let k = first; k <= last; k++) squares += src[i - (i % c) + k] ** 2;
      dst[i] = src[i] * (op.k + (op.alpha / op.size) * squares) ** -op.beta;
    }
  },

  // With d = k + alpha / size · Σ squares: channel j gives g_j d_j^-beta to itself, and to each channel i around it
  // -2 alpha beta / size · g_j x_j x_i d_j^(-beta - 1).
  backward(op, memory, gradients) {
    const src = memory.values(op.src);
    const [grad, given] = [gradients.of(op.src), gradients.of(op.dst)];
    const c = memory.shape(op.src)[2];
    for (let i = 0; i < src.length; i++) {
      const [first, last] = reach(op, c, i % c);
      const pixel = i - (i % c);
      let squares = 0;
      for (let k = first; k <= last; k++) squares += src[pixel + k] ** 2;
      const d = op.k + (op.alpha / op.size) * squares;
      grad[i] += given[i] * d ** -op.beta;
      const share = ((-2 * op.alpha * op.beta) / op.size) * given[i] * src[i] * d ** (-op.beta - 1);
      for (let k = first; k <= last; k++) grad[pixel + k] += share * src[pixel + k];
    }
  },

  step(op, memory, index) {
    const [row, column, channel] = index;
    const [firstChannel, last] = reach(op, memory.shape(op.src)[2], channel);
    const neighbors = Float64Array.from({ length: last - firstChannel + 1 }, (_, k) =>
      valueAt(memory, op.src, [row, column, firstChannel + k]),
    );
    const squares = neighbors.reduce((sum, value) => sum + value * value, 0);
    const input = valueAt(memory, op.src, index);
    const { size, alpha, beta, k } = op;
    const value = input * (k + (alpha / size) * squares) ** -beta;
    return { kind: "lrn", input, neighbors, firstChannel, size, alpha, beta, k, value, source: index };
  },
};

/** Return the first and the last channel of a window. */
function reach(op: Lrn, c: number, channel: number): [number, number] {
  const first = Math.max(0, channel - Math.floor(op.size / 2));
  return [first, Math.min(c - 1, channel + Math.floor((op.size - 1) / 2))];
}
