/** Operations that change each value by itself, and softmax. */

import type { Operation } from "../model/document";
import type { Kernel } from "./operation";
import type { Index } from "./step";
import { offset, valueAt } from "./operation";

const sigmoid = (z: number) => (z < 0 ? Math.exp(z) / (1 + Math.exp(z)) : 1 / (1 + Math.exp(-z)));
const softplus = (z: number) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
const hardSigmoid = (z: number) => Math.min(Math.max(z + 3, 0), 6) / 6;

// Chebyshev coefficients of erfc (Press et al., Numerical Recipes, 1992, section 6.2); its relative error is below 1.2e-7.
const ERFC = [
  -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223,
  0.17087277,
];

function erfc(x: number): number {
  const z = Math.abs(x);
  const t = 1 / (1 + z / 2);
  const tail = t * Math.exp(-z * z + ERFC.reduceRight((sum, a) => sum * t + a, 0));
  return x < 0 ? 2 - tail : tail;
}

export const ACTIVATIONS: Record<string, (z: number) => number> = {
  linear: (z) => z,
  relu: (z) => (z < 0 ? 0 : z),
  leaky_relu: (z) => (z < 0 ? 0.01 * z : z),
  elu: (z) => (z < 0 ? Math.expm1(z) : z),
  gelu: (z) => 0.5 * z * erfc(-z / Math.SQRT2),
  silu: (z) => z * sigmoid(z),
  sigmoid,
  tanh: Math.tanh,
  relu6: (z) => Math.min(Math.max(z, 0), 6),
  hard_sigmoid: hardSigmoid,
  hard_swish: (z) => z * hardSigmoid(z),
  softplus,
  mish: (z) => z * Math.tanh(softplus(z)),
};

/** f'(z), with the values at the corners that convnet's backward pass takes. */
export const DERIVATIVES: Record<string, (z: number) => number> = {
  linear: () => 1,
  relu: (z) => (z > 0 ? 1 : 0),
  leaky_relu: (z) => (z > 0 ? 1 : 0.01),
  elu: (z) => (z > 0 ? 1 : Math.exp(z)),
  gelu: (z) => 0.5 * erfc(-z / Math.SQRT2) + (z * Math.exp(-0.5 * z * z)) / Math.sqrt(2 * Math.PI),
  silu: (z) => sigmoid(z) * (1 + z * (1 - sigmoid(z))),
  sigmoid: (z) => sigmoid(z) * (1 - sigmoid(z)),
  tanh: (z) => 1 - Math.tanh(z) ** 2,
  relu6: (z) => (z > 0 && z < 6 ? 1 : 0),
  hard_sigmoid: (z) => (z > -3 && z < 3 ? 1 / 6 : 0),
  hard_swish: (z) => (z <= -3 ? 0 : z >= 3 ? 1 : z / 3 + 0.5),
  softplus: sigmoid,
  mish: (z) => {
    const t = Math.tanh(softplus(z));
    return t + z * sigmoid(z) * (1 - t * t);
  },
};

export const FORMULAS: Record<string, string> = {
  relu: "max(z, 0)",
  leaky_relu: "z if z > 0, else 0.01 z",
  elu: "z if z > 0, else exp(z) − 1",
  gelu: "z Φ(z)",
  silu: "z / (1 + exp(−z))",
  sigmoid: "1 / (1 + exp(−z))",
  tanh: "tanh(z)",
  relu6: "min(max(z, 0), 6)",
  hard_sigmoid: "min(max(z + 3, 0), 6) / 6",
  hard_swish: "z min(max(z + 3, 0), 6) / 6",
  softplus: "log(1 + exp(z))",
  mish: "z tanh(log(1 + exp(z)))",
};

interface Activation extends Operation {
  activation: string;
}

export const activation: Kernel<Activation> = {
  forward(op, memory) {
    const src = memory.values(op.src);
    const dst = memory.values(op.dst);
    const f = ACTIVATIONS[op.activation];
    for (let i = 0; i < src.length; i++) dst[i] = f(src[i]);
  },

  backward(op, memory, gradients) {
    const src = memory.values(op.src);
    const [grad, given] = [gradients.of(op.src), gradients.of(op.dst)];
    const derivative = DERIVATIVES[op.activation];
    for (let i = 0; i < src.length; i++) if (given[i] !== 0) grad[i] += given[i] * derivative(src[i]);
  },

  step(op, memory, index) {
    const input = valueAt(memory, op.src, index);
    const value = ACTIVATIONS[op.activation](input);
    return { kind: "activation", activation: op.activation, input, slope: null, value, source: index };
  },
};

/** z where it is positive, else the learned slope of its channel times z */
export const prelu: Kernel<Operation> = {
  forward(op, memory) {
    const src = memory.values(op.src);
    const dst = memory.values(op.dst);
    const slopes = memory.parameter(op, "alpha");
    for (let i = 0; i < src.length; i++) dst[i] = src[i] > 0 ? src[i] : slopes[i % slopes.length] * src[i];
  },

  backward(op, memory, gradients) {
    const src = memory.values(op.src);
    const [grad, given] = [gradients.of(op.src), gradients.of(op.dst)];
    const slopes = memory.parameter(op, "alpha");
    for (let i = 0; i < src.length; i++) grad[i] += src[i] > 0 ? given[i] : slopes[i % slopes.length] * given[i];
  },

  step(op, memory, index) {
    const input = valueAt(memory, op.src, index);
    const slope = memory.parameter(op, "alpha")[index[2]];
    const value = input > 0 ? input : slope * input;
    return { kind: "activation", activation: "prelu", input, slope, value, source: index };
  },
};

/** Dropout passes its input on in predictions. */
export const dropout: Kernel<Operation> = {
  forward(op, memory) {
    memory.values(op.dst).set(memory.values(op.src));
  },

  backward(op, _, gradients) {
    const grad = gradients.of(op.src);
    gradients.of(op.dst).forEach((g, i) => (grad[i] += g));
  },

  step(op, memory, index) {
    return { kind: "identity", reason: "dropout", value: valueAt(memory, op.src, index), source: index };
  },
};

/** Return exp(z - max z) / Σ exp(z - max z). */
export function softmaxOf(z: ArrayLike<number>): Float64Array {
  const largest = Array.from(z).reduce((a, b) => Math.max(a, b), -Infinity);
  const e = Float64Array.from(z, (value) => Math.exp(value - largest));
  const sum = e.reduce((a, b) => a + b, 0);
  return e.map((value) => value / sum);
}

/** Softmax over the channels of each pixel */
export const softmax: Kernel<Operation> = {
  forward(op, memory) {
    const src = memory.values(op.src);
    const dst = memory.values(op.dst);
    const c = memory.shape(op.src)[2];
    for (let p = 0; p < src.length; p += c) dst.set(softmaxOf(src.subarray(p, p + c)), p);
  },

  // y (g - Σ g y)
  backward(op, memory, gradients) {
    const dst = memory.values(op.dst);
    const [grad, given] = [gradients.of(op.src), gradients.of(op.dst)];
    const c = memory.shape(op.src)[2];
    for (let p = 0; p < dst.length; p += c) {
      let sum = 0;
      for (let i = p; i < p + c; i++) sum += given[i] * dst[i];
      for (let i = p; i < p + c; i++) grad[i] += dst[i] * (given[i] - sum);
    }
  },

  step(op, memory, index) {
    const [row, column, channel] = index;
    const shape = memory.shape(op.src);
    const start = offset(shape, [row, column, 0]);
    const logits = Float64Array.from(memory.values(op.src).subarray(start, start + shape[2]));
    const source: Index = index;
    return { kind: "softmax", logits, channel, value: softmaxOf(logits)[channel], source };
  },
};

export { sigmoid };
