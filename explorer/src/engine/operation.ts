/** What the engine asks of each operation: its forward and backward pass, and how one of its values is computed. */

import type { Operation, Shape } from "../model/document";
import type { Index, Step } from "./step";

/** The buffers and parameters that an operation reads and writes. Maps are row by row, channels last. */
export interface Memory {
  shape(buffer: number): Shape;
  values(buffer: number): Float32Array;
  parameter(op: Operation, role: string): Float32Array;
  has(op: Operation, role: string): boolean;
}

/** The gradient by each buffer. Buffers that share memory share it too. */
export interface Gradients {
  of(buffer: number): Float64Array;
}

export interface Kernel<T extends Operation = Operation> {
  /** Compute the output buffer. */
  forward(op: T, memory: Memory): void;
  /** Add the gradient by the input to `of(op.src)`, and to `of(op.other)` where there is one, from `of(op.dst)`. */
  backward(op: T, memory: Memory, gradients: Gradients): void;
  /** Return how one output value is computed, in float64. */
  step(op: T, memory: Memory, index: Index): Step;
}

/** Return the position of a value in a buffer. */
export function offset([, w, c]: Shape, [row, column, channel]: Index): number {
  return (row * w + column) * c + channel;
}

export function size([h, w, c]: Shape): number {
  return h * w * c;
}

/** Return a value of a buffer. */
export function valueAt(memory: Memory, buffer: number, index: Index): number {
  return memory.values(buffer)[offset(memory.shape(buffer), index)];
}
