/** What a net costs, beside a dense net that computes the same maps. */

import type { Net, Operation, Pair } from "./document";

export interface Costs {
  parameters: number;
  multiplyAdds: number;
}

export interface LayerCosts {
  layer: string;
  net: Costs;
  dense: Costs;
}

/**
 * Return the costs of each layer with parameters, in their order.
 *
 * In the dense net, a convolution becomes a dense layer from all n values of its input to all m values of its output:
 * n m weights, m biases if the convolution has any, and n m multiply-adds. Other layers stay as they are.
 */
export function costsOf(net: Net): LayerCosts[] {
  const found = new Map<string, LayerCosts>();
  for (const op of net.operations) {
    const sizes = Object.values(op.parameters).map((i) => net.parameters[i].shape.reduce((a, b) => a * b, 1));
    if (!sizes.length) continue;
    const own = { parameters: sum(sizes), multiplyAdds: multiplyAdds(op, net) };
    const before = found.get(op.layer) ?? { layer: op.layer, net: NOTHING, dense: NOTHING };
    found.set(op.layer, { layer: op.layer, net: plus(before.net, own), dense: plus(before.dense, denseCosts(op, net, own)) });
  }
  return [...found.values()];
}

/** Return the sum of costs. */
export function totalOf(costs: Costs[]): Costs {
  return costs.reduce(plus, NOTHING);
}

const NOTHING: Costs = { parameters: 0, multiplyAdds: 0 };

function plus(a: Costs, b: Costs): Costs {
  return { parameters: a.parameters + b.parameters, multiplyAdds: a.multiplyAdds + b.multiplyAdds };
}

function sum(values: number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

function sizeOf(net: Net, buffer: number): number {
  const [h, w, c] = net.buffers[buffer].shape;
  return h * w * c;
}

/** Return the multiply-adds of one forward pass as a direct sum, as convnet counts them. */
function multiplyAdds(op: Operation, net: Net): number {
  if (op.op === "DenseOp") return sizeOf(net, op.src) * sizeOf(net, op.dst);
  if (op.op !== "Conv2DOp" && op.op !== "Conv2DTransposeOp") return 0;
  const { kernel, groups = 1 } = op as Operation & { kernel: Pair; groups?: number };
  const taps = kernel[0] * kernel[1];
  if (op.op === "Conv2DTransposeOp") return sizeOf(net, op.src) * taps * net.buffers[op.dst].shape[2];
  return (sizeOf(net, op.dst) * taps * net.buffers[op.src].shape[2]) / groups;
}

function denseCosts(op: Operation, net: Net, own: Costs): Costs {
  if (op.op !== "Conv2DOp" && op.op !== "Conv2DTransposeOp") return own;
  const [n, m] = [sizeOf(net, op.src), sizeOf(net, op.dst)];
  return { parameters: n * m + ("bias" in op.parameters ? m : 0), multiplyAdds: n * m };
}
