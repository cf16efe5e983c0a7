/** Convolution and transposed convolution; see tests/oracle.py for their definitions. */

import type { Operation, Pads, Pair } from "../model/document";
import type { Kernel, Memory } from "./operation";
import type { ConvolutionStep, Index, Window } from "./step";
import { dot, insideOf, readWindow, strongest, windowOf } from "./windows";

interface Convolution extends Operation {
  kernel: Pair;
  stride: Pair;
  padding: Pads;
  dilation: Pair;
}

interface Conv2D extends Convolution {
  groups: number;
}

const PIXELS = 16; // of a block whose patches are gathered together
const COLUMNS = 4; // output channels that are summed together

// Weights packed once per array: (group, block of 4 output channels, tap and input channel, 4).
const packed = new WeakMap<Float32Array, Float64Array>();

function pack(weights: Float32Array, k: number, oc: number, groups: number): Float64Array {
  const found = packed.get(weights);
  if (found) return found;
  const og = oc / groups;
  const blocks = Math.ceil(og / COLUMNS);
  const result = new Float64Array(groups * blocks * k * COLUMNS);
  for (let g = 0; g < groups; g++)
    for (let b = 0; b < blocks; b++)
      for (let i = 0; i < k; i++)
        for (let j = 0; j < Math.min(COLUMNS, og - b * COLUMNS); j++)
          result[((g * blocks + b) * k + i) * COLUMNS + j] = weights[i * oc + g * og + b * COLUMNS + j];
  packed.set(weights, result);
  return result;
}

/** y[p, q, o] = bias[o] + Σ x[p s + i d, q s + j d, c] w[i, j, c, o] */
export const conv2d: Kernel<Conv2D> = {
  forward(op, memory) {
    const [oh, ow, oc] = memory.shape(op.dst);
    const c = memory.shape(op.src)[2] / op.groups;
    const og = oc / op.groups;
    const k = op.kernel[0] * op.kernel[1] * c;
    const dst = memory.values(op.dst);
    const weights = pack(memory.parameter(op, "weights"), k, oc, op.groups);
    const bias = memory.has(op, "bias") ? memory.parameter(op, "bias") : new Float32Array(oc);
    const blocks = Math.ceil(og / COLUMNS);
    const patches = new Float64Array(PIXELS * k);
    for (let g = 0; g < op.groups; g++) {
      for (let row = 0; row < oh; row++) {
        for (let first = 0; first < ow; first += PIXELS) {
          const n = Math.min(PIXELS, ow - first);
          gather(op, memory, patches, row, first, n, g * c, c);
          for (let b = 0; b < blocks; b++) {
            const to = (row * ow + first) * oc + g * og + b * COLUMNS;
            const columns = Math.min(COLUMNS, og - b * COLUMNS);
            multiply(patches, weights, (g * blocks + b) * k * COLUMNS, k, n, bias, g * og + b * COLUMNS, dst, to, oc, columns);
          }
        }
      }
    }
  },

  // gx[p s + i d, q s + j d, c] += Σ g[p, q, o] w[i, j, c, o], over the outputs whose gradient is not 0
  backward(op, memory, gradients) {
    const [h, w, inputs] = memory.shape(op.src);
    const [oh, ow, oc] = memory.shape(op.dst);
    const [c, og] = [inputs / op.groups, oc / op.groups];
    const [grad, given] = [gradients.of(op.src), gradients.of(op.dst)];
    const weights = memory.parameter(op, "weights");
    const filters = new Int32Array(og);
    for (let at = 0, group = 0; at < oh * ow * oc; at += og, group = (group + 1) % op.groups) {
      let n = 0;
      for (let o = 0; o < og; o++) if (given[at + o] !== 0) filters[n++] = o;
      if (n === 0) continue;
      const pixel = Math.floor(at / oc);
      const top = Math.floor(pixel / ow) * op.stride[0] - op.padding[0][0];
      const left = (pixel % ow) * op.stride[1] - op.padding[1][0];
      for (let i = 0; i < op.kernel[0]; i++) {
        const y = top + i * op.dilation[0];
        if (y < 0 || y >= h) continue;
        for (let j = 0; j < op.kernel[1]; j++) {
          const x = left + j * op.dilation[1];
          if (x < 0 || x >= w) continue;
          const to = (y * w + x) * inputs + group * c;
          let row = (i * op.kernel[1] + j) * c * oc + group * og;
          for (let k = 0; k < c; k++, row += oc) {
            let sum = 0;
            for (let u = 0; u < n; u++) sum += given[at + filters[u]] * weights[row + filters[u]];
            grad[to + k] += sum;
          }
        }
      }
    }
  },

  step(op, memory, index) {
    const shape = memory.shape(op.src);
    const oc = memory.shape(op.dst)[2];
    const channels = shape[2] / op.groups;
    const firstChannel = Math.floor(index[2] / (oc / op.groups)) * channels;
    const window = windowOf(shape, index[0], index[1], op.kernel, op.stride, op.padding, op.dilation);
    const weights = memory.parameter(op, "weights");
    const kernel = Float64Array.from({ length: weights.length / oc }, (_, i) => weights[i * oc + index[2]]);
    return sumStep(op, memory, window, firstChannel, channels, kernel, index[2]);
  },
};

/** Gather the patches of n pixels of a row: (n, kh, kw, channels). */
function gather(
  op: Conv2D,
  memory: Memory,
  patches: Float64Array,
  row: number,
  column: number,
  n: number,
  first: number,
  channels: number,
): void {
  const src = memory.values(op.src);
  const [h, w, c] = memory.shape(op.src);
  let to = 0;
  for (let q = column; q < column + n; q++) {
    for (let i = 0; i < op.kernel[0]; i++) {
      const y = row * op.stride[0] - op.padding[0][0] + i * op.dilation[0];
      for (let j = 0; j < op.kernel[1]; j++) {
        const x = q * op.stride[1] - op.padding[1][0] + j * op.dilation[1];
        if (y < 0 || y >= h || x < 0 || x >= w) {
          patches.fill(0, to, to + channels);
          to += channels;
        } else {
          const from = (y * w + x) * c + first;
          for (let s = 0; s < channels; s++) patches[to++] = src[from + s];
        }
      }
    }
  }
}

/** Sum the products of n patches with 4 output channels, two pixels at a time, so that the sums stay in registers. */
function multiply(
  patches: Float64Array,
  weights: Float64Array,
  at: number,
  k: number,
  n: number,
  bias: Float32Array,
  channel: number,
  dst: Float32Array,
  to: number,
  stride: number,
  columns: number,
): void {
  const b = [0, 0, 0, 0];
  for (let j = 0; j < columns; j++) b[j] = bias[channel + j];
  for (let p = 0; p < n; p += 2) {
    const pair = p + 1 < n;
    let x = p * k;
    let y = pair ? x + k : x;
    let w = at;
    let a0 = b[0], a1 = b[1], a2 = b[2], a3 = b[3];
    let c0 = a0, c1 = a1, c2 = a2, c3 = a3;
    for (let i = 0; i < k; i++, w += COLUMNS) {
      const u = patches[x++], v = patches[y++];
      const w0 = weights[w], w1 = weights[w + 1], w2 = weights[w + 2], w3 = weights[w + 3];
      a0 += u * w0; a1 += u * w1; a2 += u * w2; a3 += u * w3;
      c0 += v * w0; c1 += v * w1; c2 += v * w2; c3 += v * w3;
    }
    store(dst, to + p * stride, columns, a0, a1, a2, a3);
    if (pair) store(dst, to + (p + 1) * stride, columns, c0, c1, c2, c3);
  }
}

function store(dst: Float32Array, to: number, columns: number, a: number, b: number, c: number, d: number): void {
  dst[to] = a;
  if (columns > 1) dst[to + 1] = b;
  if (columns > 2) dst[to + 2] = c;
  if (columns > 3) dst[to + 3] = d;
}

/** y[p s + i d, q s + j d, o] += x[p, q, c] w[i, j, o, c] over all taps, cut by the padding; then + bias[o] */
export const conv2dTranspose: Kernel<Convolution> = {
  forward(op, memory) {
    const [oh, ow, oc] = memory.shape(op.dst);
    const [h, w, c] = memory.shape(op.src);
    const src = memory.values(op.src);
    const dst = memory.values(op.dst);
    const weights = memory.parameter(op, "weights");
    const sums = new Float64Array(oh * ow * oc);
    if (memory.has(op, "bias")) {
      const bias = memory.parameter(op, "bias");
      for (let i = 0; i < sums.length; i++) sums[i] = bias[i % oc];
    }
    for (let row = 0; row < h; row++)
      for (let column = 0; column < w; column++)
        for (let i = 0; i < op.kernel[0]; i++)
          for (let j = 0; j < op.kernel[1]; j++) {
            const y = row * op.stride[0] + i * op.dilation[0] - op.padding[0][0];
            const x = column * op.stride[1] + j * op.dilation[1] - op.padding[1][0];
            if (y < 0 || y >= oh || x < 0 || x >= ow) continue;
            const from = (row * w + column) * c;
            for (let o = 0; o < oc; o++) {
              const at = ((i * op.kernel[1] + j) * oc + o) * c;
              let sum = 0;
              for (let k = 0; k < c; k++) sum += src[from + k] * weights[at + k];
              sums[(y * ow + x) * oc + o] += sum;
            }
          }
    dst.set(sums);
  },

  // gx[p, q, c] = Σ g[p s + i d, q s + j d, o] w[i, j, o, c]
  backward(op, memory, gradients) {
    const [oh, ow, oc] = memory.shape(op.dst);
    const [h, w, c] = memory.shape(op.src);
    const [grad, given] = [gradients.of(op.src), gradients.of(op.dst)];
    const weights = memory.parameter(op, "weights");
    for (let row = 0; row < h; row++)
      for (let column = 0; column < w; column++)
        for (let i = 0; i < op.kernel[0]; i++)
          for (let j = 0; j < op.kernel[1]; j++) {
            const y = row * op.stride[0] + i * op.dilation[0] - op.padding[0][0];
            const x = column * op.stride[1] + j * op.dilation[1] - op.padding[1][0];
            if (y < 0 || y >= oh || x < 0 || x >= ow) continue;
            const to = (row * w + column) * c;
            for (let o = 0; o < oc; o++) {
              const g = given[(y * ow + x) * oc + o];
              if (g === 0) continue;
              const at = ((i * op.kernel[1] + j) * oc + o) * c;
              for (let k = 0; k < c; k++) grad[to + k] += g * weights[at + k];
            }
          }
  },

  step(op, memory, index) {
    const shape = memory.shape(op.src);
    const oc = memory.shape(op.dst)[2];
    const c = shape[2];
    const weights = memory.parameter(op, "weights");
    const [[rows, rowTaps], [columns, columnTaps]] = [0, 1].map((axis) => reaching(op, axis, index[axis]));
    const window = { rows, columns, inside: insideOf(shape, rows, columns) };
    const kernel = new Float64Array(rows.length * columns.length * c);
    rowTaps.forEach((i, a) =>
      columnTaps.forEach((j, b) => {
        for (let k = 0; k < c; k++)
          kernel[(a * columns.length + b) * c + k] = weights[((i * op.kernel[1] + j) * oc + index[2]) * c + k];
      }),
    );
    return sumStep(op, memory, window, 0, c, kernel, index[2]);
  },
};

/** Return the inputs along an axis whose kernels reach an output, and the taps that do; -1 if there are none. */
function reaching(op: Convolution, axis: number, at: number): [number[], number[]] {
  const inputs: number[] = [];
  const taps: number[] = [];
  for (let tap = op.kernel[axis] - 1; tap >= 0; tap--) {
    const place = at + op.padding[axis][0] - tap * op.dilation[axis];
    if (place % op.stride[axis] === 0) {
      inputs.push(place / op.stride[axis]);
      taps.push(tap);
    }
  }
  return inputs.length ? [inputs, taps] : [[-1], [0]];
}

function sumStep(
  op: Convolution,
  memory: Memory,
  window: Window,
  firstChannel: number,
  channels: number,
  kernel: Float64Array,
  filter: number,
): ConvolutionStep {
  const patch = readWindow(memory.values(op.src), memory.shape(op.src), window, firstChannel, channels);
  const bias = memory.has(op, "bias") ? memory.parameter(op, "bias")[filter] : null;
  const sum = dot(patch, kernel);
  const terms = patch.map((value, i) => value * kernel[i]);
  const best = strongest(terms, bias ?? 0, (i) => window.inside[Math.floor(i / channels)]);
  const tap = Math.floor(best / channels);
  const width = window.columns.length;
  const source: Index | null =
    best < 0
      ? null
      : [window.rows[Math.floor(tap / width)], window.columns[tap % width], firstChannel + (best % channels)];
  return { kind: "convolution", ...window, firstChannel, channels, patch, kernel, sum, bias, value: sum + (bias ?? 0), source };
}

