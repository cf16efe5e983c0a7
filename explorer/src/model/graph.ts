/** Layers, operations and buffers of a net, and how they belong together. */

import type { Layer, Net, Operation, Shape } from "./document";

export class Graph {
  readonly layers = new Map<string, Layer>();
  private readonly roots: number[];
  private readonly writers = new Map<number, Operation[]>();
  private readonly named = new Map<number, string>();

  constructor(readonly net: Net) {
    this.roots = net.buffers.map((_, i) => this.findRoot(i));
    this.collect(net.layers);
    for (const op of net.operations) {
      if (op.op === "ForkOp") continue;
      this.writers.set(op.dst, [...(this.writers.get(op.dst) ?? []), op]);
    }
    for (const layer of this.layers.values()) {
      const root = this.root(layer.buffer);
      if (!this.named.has(root)) this.named.set(root, layer.name);
    }
  }

  shape(buffer: number): Shape {
    return this.net.buffers[buffer].shape;
  }

  /** Return the buffer that owns the memory of a buffer. */
  root(buffer: number): number {
    return this.roots[buffer];
  }

  /** Return the layer whose output a buffer is, or undefined for the input and for buffers inside a layer. */
  owner(buffer: number): Layer | undefined {
    const name = this.named.get(this.root(buffer));
    return name === undefined ? undefined : this.layers.get(name);
  }

  /** Return the name of the layer whose output a buffer is: "" for the input, null for buffers inside a layer. */
  sourceName(buffer: number): string | null {
    return this.owner(buffer)?.name ?? (this.isInput(buffer) ? "" : null);
  }

  isInput(buffer: number): boolean {
    return this.root(buffer) === this.root(this.net.input);
  }

  /** Return the layer itself, or the layer inside it that computes its output. */
  innermost(layer: Layer): Layer {
    const last = layer.layers[layer.layers.length - 1];
    return last && last.buffer === layer.buffer ? this.innermost(last) : layer;
  }

  /**
   * Return the operations of a layer that compute one value of its output, in their order: a convolution and its
   * activation. Empty for layers that pass their input on. `channel` chooses among the parts of a concatenation.
   */
  chain(layer: Layer, channel: number): Operation[] {
    const inner = this.innermost(layer);
    const found: Operation[] = [];
    let buffer = inner.buffer;
    for (;;) {
      const writers = this.writers.get(buffer) ?? [];
      const own = writers.filter((op) => op.layer === inner.name && firstChannel(op) <= channel);
      const op = own[own.length - 1];
      if (!op) return found;
      found.unshift(op);
      if (op.op === "ConcatOp") return found;
      buffer = op.src;
    }
  }

  private findRoot(buffer: number): number {
    const alias = this.net.buffers[buffer].alias;
    return alias === null ? buffer : this.findRoot(alias);
  }

  private collect(layers: Layer[]): void {
    for (const layer of layers) {
      this.layers.set(layer.name, layer);
      this.collect(layer.layers);
      for (const branch of layer.branches) this.collect(branch.layers);
    }
  }
}

function firstChannel(op: Operation): number {
  return op.op === "ConcatOp" ? (op as Operation & { first_channel: number }).first_channel : 0;
}
