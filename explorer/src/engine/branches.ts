/** Operations where branches begin and end. */

import type { Operation } from "../model/document";
import { ACTIVATIONS, DERIVATIVES } from "./activation";
import type { Kernel, Memory } from "./operation";
import type { Index } from "./step";
import { valueAt } from "./operation";

/** A fork gives one map two readers, which share its memory, and add to one gradient. */
export const fork: Kernel<Operation> = {
  forward() {},

  backward() {},

  step(op, memory, index) {
    return { kind: "identity", reason: "unchanged", value: valueAt(memory, op.src, index), source: index };
  },
};

interface Merge extends Operation {
  other: number;
  activation: string;
  scale?: number;
}

type Kind = "add" | "multiply" | "max";

const COMBINE: Record<Kind, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  multiply: (a, b) => a * b,
  max: Math.max,
};

/** Return the derivatives of a combination by a and by b. Of equal values a is the largest. */
const SLOPES: Record<Kind, (a: number, b: number) => [number, number]> = {
  add: () => [1, 1],
  multiply: (a, b) => [b, a],
  max: (a, b) => (a >= b ? [1, 0] : [0, 1]),
};

/** Return the index in the other input: a flat one has a value for each channel. */
function otherIndex(op: Merge, memory: Memory, index: Index): Index {
  const [h, w] = memory.shape(op.other);
  const [oh, ow] = memory.shape(op.dst);
  return h === oh && w === ow ? index : [0, 0, index[2]];
}

function merge(kind: Kind): Kernel<Merge> {
  const combine = COMBINE[kind];
  const slopes = SLOPES[kind];
  return {
    forward(op, memory) {
      const [a, b, dst] = [op.src, op.other, op.dst].map((buffer) => memory.values(buffer));
      const f = ACTIVATIONS[op.activation];
      const scale = op.scale ?? 1;
      for (let i = 0; i < dst.length; i++) dst[i] = f(combine(a[i], b[b.length === a.length ? i : i % b.length]) * scale);
    },

    backward(op, memory, gradients) {
      const [a, b] = [op.src, op.other].map((buffer) => memory.values(buffer));
      const [gradA, gradB, given] = [op.src, op.other, op.dst].map((buffer) => gradients.of(buffer));
      const derivative = DERIVATIVES[op.activation];
      const scale = op.scale ?? 1;
      for (let i = 0; i < a.length; i++) {
        if (given[i] === 0) continue;
        const j = b.length === a.length ? i : i % b.length;
        const g = given[i] * derivative(combine(a[i], b[j]) * scale) * scale;
        const [byA, byB] = slopes(a[i], b[j]);
        gradA[i] += g * byA;
        gradB[j] += g * byB;
      }
    },

    step(op, memory, index) {
      const inputs = [valueAt(memory, op.src, index), valueAt(memory, op.other, otherIndex(op, memory, index))];
      const scale = op.scale ?? 1;
      const value = ACTIVATIONS[op.activation](combine(inputs[0], inputs[1]) * scale);
      return { kind: "merge", merge: kind, inputs, scale, value, source: index };
    },
  };
}

export const add = merge("add");
export const multiply = merge("multiply");
export const maximum = merge("max");

interface Concat extends Operation {
  first_channel: number;
}

/** Copies its input into the channels from `first_channel` on. */
export const concat: Kernel<Concat> = {
  forward(op, memory) {
    const src = memory.values(op.src);
    const dst = memory.values(op.dst);
    const c = memory.shape(op.src)[2];
    const oc = memory.shape(op.dst)[2];
    for (let p = 0; p * c < src.length; p++) dst.set(src.subarray(p * c, (p + 1) * c), p * oc + op.first_channel);
  },

  backward(op, memory, gradients) {
    const [grad, given] = [gradients.of(op.src), gradients.of(op.dst)];
    const c = memory.shape(op.src)[2];
    const oc = memory.shape(op.dst)[2];
    for (let i = 0; i < grad.length; i++) grad[i] += given[Math.floor(i / c) * oc + op.first_channel + (i % c)];
  },

  step(op, memory, [row, column, channel]) {
    const source: Index = [row, column, channel - op.first_channel];
    const value = valueAt(memory, op.src, source);
    return { kind: "merge", merge: "concat", inputs: [value], scale: 1, value, source };
  },
};
