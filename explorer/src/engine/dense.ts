/** Dense layers: y = x w + bias; the gradient by x is w g. */

import type { Operation } from "../model/document";
import type { Kernel } from "./operation";
import { dot, strongest } from "./windows";

export const dense: Kernel<Operation> = {
  forward(op, memory) {
    const src = memory.values(op.src);
    const dst = memory.values(op.dst);
    const weights = memory.parameter(op, "weights");
    const n = dst.length;
    const sums = memory.has(op, "bias") ? Float64Array.from(memory.parameter(op, "bias")) : new Float64Array(n);
    for (let i = 0; i < src.length; i++) {
      const x = src[i];
      if (x === 0) continue;
      for (let j = 0, at = i * n; j < n; j++, at++) sums[j] += x * weights[at];
    }
    dst.set(sums);
  },

  backward(op, memory, gradients) {
    const [grad, given] = [gradients.of(op.src), gradients.of(op.dst)];
    const weights = memory.parameter(op, "weights");
    const n = given.length;
    const used = [...given.keys()].filter((j) => given[j] !== 0);
    for (let i = 0; i < grad.length; i++) for (const j of used) grad[i] += given[j] * weights[i * n + j];
  },

  step(op, memory, [, , unit]) {
    const src = memory.values(op.src);
    const all = memory.parameter(op, "weights");
    const n = memory.shape(op.dst)[2];
    const inputs = Float64Array.from(src);
    const weights = Float64Array.from(src, (_, i) => all[i * n + unit]);
    const bias = memory.has(op, "bias") ? memory.parameter(op, "bias")[unit] : null;
    const sum = dot(inputs, weights);
    const best = strongest(inputs.map((x, i) => x * weights[i]), bias ?? 0, () => true);
    return { kind: "dense", inputs, weights, sum, bias, value: sum + (bias ?? 0), source: [0, 0, best] };
  },
};
