/** Maps resized, and padded with zeros. */

import type { Operation, Pads } from "../model/document";
import type { Kernel } from "./operation";
import type { Index } from "./step";
import { valueAt } from "./operation";
import { dot, readWindow, strongest } from "./windows";

interface Resize extends Operation {
  methods: [string, string];
}

/** Return the first of n input pixels that output pixel i of m reads along an axis, and the weights from there. */
export function axisWeights(method: string, n: number, m: number, i: number): [number, number[]] {
  if (method === "area") {
    const [low, high] = [(i * n) / m, ((i + 1) * n) / m];
    const first = Math.floor((i * n) / m);
    const last = Math.floor(((i + 1) * n - 1) / m);
    const weights = [];
    for (let p = first; p <= last; p++) weights.push((Math.min(p + 1, high) - Math.max(p, low)) / (high - low));
    return [first, weights];
  }
  if (method === "nearest") return [Math.floor(((2 * i + 1) * n) / (2 * m)), [1]];
  const at = Math.min(Math.max(((2 * i + 1) * n) / (2 * m) - 0.5, 0), n - 1);
  const first = Math.floor(at);
  return [first, at > first ? [1 - (at - first), at - first] : [1]];
}

export const resize: Kernel<Resize> = {
  forward(op, memory) {
    const [h, w, c] = memory.shape(op.src);
    const [oh, ow] = memory.shape(op.dst);
    const src = memory.values(op.src);
    const dst = memory.values(op.dst);
    const columns = Array.from({ length: ow }, (_, j) => axisWeights(op.methods[1], w, ow, j));
    for (let row = 0; row < oh; row++) {
      const [top, rows] = axisWeights(op.methods[0], h, oh, row);
      columns.forEach(([left, weights], column) => {
        for (let k = 0; k < c; k++) {
          let sum = 0;
          for (let i = 0; i < rows.length; i++)
            for (let j = 0; j < weights.length; j++)
              sum += rows[i] * weights[j] * src[((top + i) * w + left + j) * c + k];
          dst[(row * ow + column) * c + k] = sum;
        }
      });
    }
  },

  backward(op, memory, gradients) {
    const [h, w, c] = memory.shape(op.src);
    const [oh, ow] = memory.shape(op.dst);
    const [grad, given] = [gradients.of(op.src), gradients.of(op.dst)];
    const columns = Array.from({ length: ow }, (_, j) => axisWeights(op.methods[1], w, ow, j));
    for (let row = 0; row < oh; row++) {
      const [top, rows] = axisWeights(op.methods[0], h, oh, row);
      columns.forEach(([left, weights], column) => {
        for (let i = 0; i < rows.length; i++)
          for (let j = 0; j < weights.length; j++)
            for (let k = 0; k < c; k++)
              grad[((top + i) * w + left + j) * c + k] += rows[i] * weights[j] * given[(row * ow + column) * c + k];
      });
    }
  },

  step(op, memory, [row, column, channel]) {
    const shape = memory.shape(op.src);
    const out = memory.shape(op.dst);
    const [top, u] = axisWeights(op.methods[0], shape[0], out[0], row);
    const [left, v] = axisWeights(op.methods[1], shape[1], out[1], column);
    const area = {
      rows: u.map((_, i) => top + i),
      columns: v.map((_, j) => left + j),
      inside: Array<boolean>(u.length * v.length).fill(true),
    };
    const window = readWindow(memory.values(op.src), shape, area, channel, 1);
    const weights = Float64Array.from(u.flatMap((a) => v.map((b) => a * b)));
    const best = strongest(window.map((value, i) => value * weights[i]), 0, () => true);
    const source: Index = [top + Math.floor(best / v.length), left + (best % v.length), channel];
    return { kind: "resize", ...area, window, weights, value: dot(window, weights), source };
  },
};

interface ZeroPad extends Operation {
  padding: Pads;
}

export const zeroPad: Kernel<ZeroPad> = {
  forward(op, memory) {
    const [h, w, c] = memory.shape(op.src);
    const ow = memory.shape(op.dst)[1];
    const src = memory.values(op.src);
    const dst = memory.values(op.dst).fill(0);
    for (let row = 0; row < h; row++) {
      const to = ((row + op.padding[0][0]) * ow + op.padding[1][0]) * c;
      dst.set(src.subarray(row * w * c, (row + 1) * w * c), to);
    }
  },

  backward(op, memory, gradients) {
    const [h, w, c] = memory.shape(op.src);
    const ow = memory.shape(op.dst)[1];
    const [grad, given] = [gradients.of(op.src), gradients.of(op.dst)];
    for (let row = 0; row < h; row++) {
      const from = ((row + op.padding[0][0]) * ow + op.padding[1][0]) * c;
      for (let i = 0; i < w * c; i++) grad[row * w * c + i] += given[from + i];
    }
  },

  step(op, memory, [row, column, channel]) {
    const [h, w] = memory.shape(op.src);
    const source: Index = [row - op.padding[0][0], column - op.padding[1][0], channel];
    const inside = source[0] >= 0 && source[0] < h && source[1] >= 0 && source[1] < w;
    if (!inside) return { kind: "identity", reason: "padding", value: 0, source: null };
    return { kind: "identity", reason: "shifted", value: valueAt(memory, op.src, source), source };
  },
};

