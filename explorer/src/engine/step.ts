/** How one value is computed. `value` is the result by its definition, in float64. */

/** Row, column and channel of a value. */
export type Index = [number, number, number];

/** Rows and columns of the input that a value reads, with which of them lie inside the map. */
export interface Window {
  rows: number[];
  columns: number[];
  inside: boolean[]; // rows × columns
}

interface Common {
  value: number;
  /** Index in `op.src` of the input value that contributes most. */
  source: Index | null;
}

/** Σ patch · kernel + bias. */
export interface ConvolutionStep extends Common, Window {
  kind: "convolution";
  firstChannel: number;
  channels: number;
  patch: Float64Array; // rows × columns × channels
  kernel: Float64Array;
  sum: number;
  bias: number | null;
}

export interface DenseStep extends Common {
  kind: "dense";
  inputs: Float64Array;
  weights: Float64Array;
  sum: number;
  bias: number | null;
}

/** The largest value of a window, or its mean: the sum over `count`. */
export interface PoolingStep extends Common, Window {
  kind: "pooling";
  pooling: "max" | "avg";
  window: Float64Array;
  winner: number;
  count: number;
}

/** Σ window · weights. */
export interface ResizeStep extends Common, Window {
  kind: "resize";
  window: Float64Array;
  weights: Float64Array;
}

/** gamma (input − mean) / √(variance + epsilon) + beta; over channels firstChannel … lastChannel of a group norm. */
export interface NormalizationStep extends Common {
  kind: "normalization";
  group: [number, number] | null;
  input: number;
  mean: number;
  variance: number;
  epsilon: number;
  gamma: number;
  beta: number;
}

/** (input − mean) / std, or scale · input + offset. */
export interface AffineStep extends Common {
  kind: "affine";
  input: number;
  by: { mean: number; std: number } | { scale: number; offset: number };
}

/** input / (k + alpha / size · Σ squares) ^ beta. */
export interface LrnStep extends Common {
  kind: "lrn";
  input: number;
  neighbors: Float64Array;
  firstChannel: number;
  size: number;
  alpha: number;
  beta: number;
  k: number;
}

export interface SoftmaxStep extends Common {
  kind: "softmax";
  logits: Float64Array;
  channel: number;
}

/** activation(input); `slope` belongs to "prelu". */
export interface ActivationStep extends Common {
  kind: "activation";
  activation: string;
  input: number;
  slope: number | null;
}

/** inputs merged by "add", "multiply" or "max", then times `scale`; "concat" has one input. */
export interface MergeStep extends Common {
  kind: "merge";
  merge: "add" | "multiply" | "max" | "concat";
  inputs: number[];
  scale: number;
}

/** The input itself; null in the zeros of a padding. */
export interface IdentityStep extends Common {
  kind: "identity";
  reason: "dropout" | "padding" | "shifted" | "unchanged";
}

export type Step =
  | ConvolutionStep
  | DenseStep
  | PoolingStep
  | ResizeStep
  | NormalizationStep
  | AffineStep
  | LrnStep
  | SoftmaxStep
  | ActivationStep
  | MergeStep
  | IdentityStep;
