/** The forward and the backward pass of a net for one image. */

import type { Layer, Net, Operation } from "../model/document";
import { Graph } from "../model/graph";
import type { Memory } from "./operation";
import { size } from "./operation";
import { KERNELS } from "./registry";
import type { Index, Step } from "./step";

/** The values of all buffers that could be computed, by the number of the buffer that owns the memory. */
export type Buffers = Map<number, Float32Array>;

export class Engine {
  readonly graph: Graph;
  private readonly parameters: (Float32Array | null)[];

  /** `weights` holds the parameters that fit the document, one after the other. */
  constructor(
    readonly net: Net,
    readonly weights: Float32Array,
  ) {
    this.graph = new Graph(net);
    this.parameters = net.parameters.map(({ offset, shape }) => {
      if (offset === null) return null;
      return weights.subarray(offset, offset + shape.reduce((a, b) => a * b, 1));
    });
  }

  /**
   * Compute all buffers from the input, which is scaled already. Operations whose parameters were left out of the
   * document, and those that read their outputs, are not computed.
   */
  run(input: Float32Array): Buffers {
    const operations = this.operations(input);
    for (;;) {
      const { done, value } = operations.next();
      if (done) return value;
    }
  }

  /** Compute as `run` does, and yield after each operation. */
  *operations(input: Float32Array): Generator<void, Buffers> {
    const buffers: Buffers = new Map([[this.graph.root(this.net.input), input]]);
    const memory = this.memory(buffers);
    const missing = new Set<number>(); // a concatenation misses a part if one of its writers cannot run
    for (const op of this.net.operations) {
      const root = this.graph.root(op.dst);
      if (!this.isComputable(op, missing)) missing.add(root);
      if (missing.has(root)) continue;
      if (!buffers.has(root)) buffers.set(root, new Float32Array(size(this.graph.shape(op.dst))));
      KERNELS[op.op].forward(op, memory);
      yield;
    }
    for (const root of missing) buffers.delete(root);
    return buffers;
  }

  /** Return the values of a buffer, or undefined if they could not be computed. */
  values(buffers: Buffers, buffer: number): Float32Array | undefined {
    return buffers.get(this.graph.root(buffer));
  }

  /** Return how a value of a layer is computed: each operation of the layer with its step, in their order. */
  steps(buffers: Buffers, layer: Layer, index: Index): { op: Operation; step: Step }[] {
    const memory = this.memory(buffers);
    return this.graph.chain(layer, index[2]).map((op) => ({ op, step: KERNELS[op.op].step(op, memory, index) }));
  }

  /** Return the values of a parameter, by its number; none if it was left out. */
  parameter(number: number): number[] {
    return [...(this.parameters[number] ?? [])];
  }

  /**
   * Return the gradient by a buffer of a function of the outputs; `seed` is its gradient by the outputs. Undefined where
   * the forward pass could not compute the outputs.
   */
  gradient(buffers: Buffers, seed: ArrayLike<number>, buffer: number): Float64Array | undefined {
    const [target, output] = [this.graph.root(buffer), this.graph.root(this.net.output)];
    if (!buffers.has(output)) return undefined;
    const found = new Map([[output, Float64Array.from(seed)]]);
    const of = (number: number) => {
      const root = this.graph.root(number);
      if (!found.has(root)) found.set(root, new Float64Array(size(this.graph.shape(root))));
      return found.get(root) as Float64Array;
    };
    const memory = this.memory(buffers);
    for (const op of this.after(target).reverse()) KERNELS[op.op].backward(op, memory, { of });
    return of(target);
  }

  /** Return the operations whose outputs depend on a buffer, in their order. */
  private after(target: number): Operation[] {
    const dependent = new Set([target]);
    return this.net.operations.filter((op) => {
      const inputs = op.other === null ? [op.src] : [op.src, op.other];
      const depends = op.op !== "ForkOp" && inputs.some((buffer) => dependent.has(this.graph.root(buffer)));
      if (depends) dependent.add(this.graph.root(op.dst));
      return depends;
    });
  }

  private isComputable(op: Operation, missing: Set<number>): boolean {
    const inputs = op.other === null ? [op.src] : [op.src, op.other];
    if (inputs.some((buffer) => missing.has(this.graph.root(buffer)))) return false;
    return Object.values(op.parameters).every((number) => this.parameters[number] !== null);
  }

  private memory(buffers: Buffers): Memory {
    const find = (op: Operation, role: string) => this.parameters[op.parameters[role]];
    return {
      shape: (buffer) => this.graph.shape(buffer),
      values: (buffer) => buffers.get(this.graph.root(buffer)) as Float32Array,
      parameter: (op, role) => find(op, role) as Float32Array,
      has: (op, role) => role in op.parameters,
    };
  }
}
