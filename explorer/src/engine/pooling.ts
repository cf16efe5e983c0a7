/** Max and average pooling. */

import type { Operation, Pads, Pair } from "../model/document";
import type { Kernel } from "./operation";
import type { Index } from "./step";
import { readWindow, strongest, windowOf } from "./windows";

interface Pool2D extends Operation {
  pooling: "max" | "avg";
  size: Pair;
  stride: Pair;
  padding: Pads;
  count_include_pad: boolean;
}

export const pool2d: Kernel<Pool2D> = {
  forward(op, memory) {
    const [h, w, c] = memory.shape(op.src);
    const [oh, ow] = memory.shape(op.dst);
    const src = memory.values(op.src);
    const dst = memory.values(op.dst);
    const isMax = op.pooling === "max";
    for (let row = 0; row < oh; row++)
      for (let column = 0; column < ow; column++) {
        const y = row * op.stride[0] - op.padding[0][0];
        const x = column * op.stride[1] - op.padding[1][0];
        const [top, bottom] = [Math.max(y, 0), Math.min(y + op.size[0], h)];
        const [left, right] = [Math.max(x, 0), Math.min(x + op.size[1], w)];
        const n = isMax ? 1 : count(op, [h, w], [y, x]);
        for (let k = 0; k < c; k++) {
          let result = isMax ? -Infinity : 0;
          for (let i = top; i < bottom; i++)
            for (let j = left; j < right; j++) {
              const value = src[(i * w + j) * c + k];
              if (!isMax) result += value;
              else if (value > result) result = value;
            }
          dst[(row * ow + column) * c + k] = result / n;
        }
      }
  },

  // Max: to the first of the largest values. Average: to each value alike.
  backward(op, memory, gradients) {
    const [h, w, c] = memory.shape(op.src);
    const [oh, ow] = memory.shape(op.dst);
    const src = memory.values(op.src);
    const [grad, given] = [gradients.of(op.src), gradients.of(op.dst)];
    const isMax = op.pooling === "max";
    for (let row = 0; row < oh; row++)
      for (let column = 0; column < ow; column++) {
        const y = row * op.stride[0] - op.padding[0][0];
        const x = column * op.stride[1] - op.padding[1][0];
        const [top, bottom] = [Math.max(y, 0), Math.min(y + op.size[0], h)];
        const [left, right] = [Math.max(x, 0), Math.min(x + op.size[1], w)];
        const n = isMax ? 1 : count(op, [h, w], [y, x]);
        for (let k = 0; k < c; k++) {
          const g = given[(row * ow + column) * c + k] / n;
          if (g === 0) continue;
          let winner = (top * w + left) * c + k;
          for (let i = top; i < bottom; i++)
            for (let j = left; j < right; j++) {
              const at = (i * w + j) * c + k;
              if (!isMax) grad[at] += g;
              else if (src[at] > src[winner]) winner = at;
            }
          if (isMax) grad[winner] += g;
        }
      }
  },

  step(op, memory, [row, column, channel]) {
    const shape = memory.shape(op.src);
    const area = windowOf(shape, row, column, op.size, op.stride, op.padding);
    const window = readWindow(memory.values(op.src), shape, area, channel, 1);
    const n = count(op, [shape[0], shape[1]], [area.rows[0], area.columns[0]]);
    let winner = 0;
    if (op.pooling === "max") {
      winner = area.inside.indexOf(true);
      window.forEach((value, i) => {
        if (area.inside[i] && value > window[winner]) winner = i;
      });
    } else {
      winner = strongest(window, 0, (i) => area.inside[i]);
    }
    const value = op.pooling === "max" ? window[winner] : window.reduce((sum, v) => sum + v, 0) / n;
    const width = area.columns.length;
    const source: Index = [area.rows[Math.floor(winner / width)], area.columns[winner % width], channel];
    return { kind: "pooling", pooling: op.pooling, ...area, window, winner, count: n, value, source };
  },
};

/** Return what the sum of the window that begins at `start` is divided by: its values, and the padding if that counts. */
function count(op: Pool2D, sizes: Pair, start: Pair): number {
  const [rows, columns] = start.map((first, axis) => {
    const end = Math.min(first + op.size[axis], sizes[axis] + (op.count_include_pad ? op.padding[axis][1] : 0));
    return end - (op.count_include_pad ? first : Math.max(first, 0));
  });
  return rows * columns;
}
