/** The lab of the edge image, and the costs beside those of a dense net. */

import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Engine } from "../src/engine/engine";
import { costsOf, totalOf } from "../src/model/costs";
import type { Net, Operation } from "../src/model/document";
import type { Lab } from "../src/state/lab";
import { labNet, readLab, readNumbers, writeLab, writeNumbers } from "../src/state/lab";

const map = (size: number, channels = 1): [number, number, number] => [size, size, channels];
const op = (fields: object): Operation => ({ other: null, parameters: {}, ...fields }) as Operation;
const layer = (name: string, type: string, buffer: number, shape: number[], n_parameters = 0) =>
  ({ name, type, spec: "", shape, buffer, n_parameters, merge: null, branches: [], layers: [] });
const ONE = [1, 1];
const NO_PADS = [[0, 0], [0, 0]];

const NET: Net = {
  input: 0,
  output: 3,
  buffers: [6, 4, 4, 2].map((size) => ({ shape: map(size), alias: null })),
  operations: [
    op({ op: "Conv2DOp", layer: "conv1", src: 0, dst: 1, parameters: { weights: 0 }, kernel: [3, 3], stride: ONE, padding: NO_PADS, dilation: ONE, groups: 1 }),
    op({ op: "ActivationOp", layer: "activation1", src: 1, dst: 2, activation: "relu" }),
    op({ op: "Pool2DOp", layer: "pool1", src: 2, dst: 3, pooling: "max", size: [2, 2], stride: [2, 2], padding: NO_PADS, count_include_pad: false }),
  ],
  parameters: [{ name: "conv1/weights", shape: [3, 3, 1, 1], offset: 0 }],
  layers: [layer("conv1", "Conv2D", 1, map(4), 9), layer("activation1", "ReLU", 2, map(4)), layer("pool1", "MaxPool2D", 3, map(2))],
  n_parameters: 9,
};
const VERTICAL = [1, 0, -1, 1, 0, -1, 1, 0, -1];
const TURNED = [1, 1, 1, 0, 0, 0, -1, -1, -1];
const rows = (row: number[]) => Array.from({ length: 6 }, () => row);
const EDGE = rows([10, 10, 10, 0, 0, 0]);
const FIRST: Lab = { kernel: VERTICAL, stride: 1, padding: 0, relu: false, pool: "none" };

/** Return the output of a lab as rows. */
function output(change: Partial<Lab>, image = EDGE): number[][] {
  const lab = { ...FIRST, ...change };
  const engine = new Engine(labNet(NET, lab), Float32Array.from(lab.kernel));
  const values = engine.values(engine.run(Float32Array.from(image.flat())), engine.net.output)!;
  const [h, w] = engine.graph.shape(engine.net.output);
  return Array.from({ length: h }, (_, i) => [...values.subarray(i * w, (i + 1) * w)].map((value) => value + 0)); // -0 is 0
}

describe("the edge image", () => {
  const row = (n: number, ...values: number[]) => Array.from({ length: n }, () => values);
  test.each<[string, Partial<Lab>, number[][], number[][]?]>([
    ["valid", {}, row(4, 0, 30, 30, 0)],
    ["padding 1", { padding: 1 }, [[-20, 0, 20, 20, 0, 0], ...row(4, -30, 0, 30, 30, 0, 0), [-20, 0, 20, 20, 0, 0]]],
    ["ReLU", { padding: 1, relu: true }, [[0, 0, 20, 20, 0, 0], ...row(4, 0, 0, 30, 30, 0, 0), [0, 0, 20, 20, 0, 0]]],
    ["max-pool", { padding: 1, relu: true, pool: "max" }, row(3, 0, 30, 0)],
    ["stride 2", { stride: 2 }, row(2, 0, 30)],
    ["stride 3", { stride: 3 }, row(2, 0, 0)],
    ["padding 1, stride 2", { padding: 1, stride: 2 }, [[-20, 20, 0], ...row(2, -30, 30, 0)]],
    ["mirrored, ReLU", { relu: true }, row(4, 0, 0, 0, 0), rows([0, 0, 0, 10, 10, 10])],
    ["one pixel further left", {}, row(4, 30, 30, 0, 0), rows([10, 10, 0, 0, 0, 0])],
    ["turned kernel", { kernel: TURNED }, row(4, 0, 0, 0, 0)],
    ["turned kernel and image", { kernel: TURNED }, [row(1, 0, 0, 0, 0)[0], ...row(2, 30, 30, 30, 30), row(1, 0, 0, 0, 0)[0]], EDGE[0].map((value) => Array(6).fill(value))],
    ["valid, max-pool", { pool: "max" }, row(2, 30, 30)],
    ["valid, average pool", { pool: "avg" }, row(2, 15, 15)],
  ])("%s", (_, change, expected, image) => expect(output(change, image)).toEqual(expected));

  test("layers that the lab does without are left out", () => {
    expect(labNet(NET, FIRST).layers.map(({ name }) => name)).toEqual(["conv1"]);
    const net = labNet(NET, { ...FIRST, relu: true, pool: "avg", stride: 2 });
    expect(net.layers.map(({ type }) => type)).toEqual(["Conv2D", "ReLU", "AvgPool2D"]);
    expect(net.layers.map(({ spec }) => spec)).toEqual(["Conv2D(1, 3, stride=2)", "", "AvgPool2D(2)"]);
    expect(net.layers.map(({ shape }) => shape[0])).toEqual([2, 2, 1]);
    expect(NET.buffers[1].shape[0]).toBe(4); // the document does not change
  });
});

test("a fragment holds what was changed in a lab", () => {
  const lab: Lab = { kernel: VERTICAL.map((value) => value / 3), stride: 3, padding: 2, relu: true, pool: "avg" };
  const found = readLab(new URLSearchParams(writeLab(lab, VERTICAL)), VERTICAL);
  found.kernel.forEach((value, i) => expect(value).toBeCloseTo(lab.kernel[i], 6));
  expect({ ...found, kernel: lab.kernel }).toEqual(lab);
  expect(writeLab(FIRST, VERTICAL)).toEqual({});
  expect(readLab(new URLSearchParams("stride=9&padding=x&pool=mean&kernel=1_2"), VERTICAL)).toEqual(FIRST);
  expect(readNumbers("1_-2.5_", 3)).toBeNull();
  expect(readNumbers(writeNumbers([1, -2.5, 1e-9]), 3)).toEqual([1, -2.5, 1e-9]);
});

describe("costs", () => {
  test("the kernel of the edge image", () => {
    const [costs] = costsOf(labNet(NET, { ...FIRST, padding: 1 }));
    expect(costs).toEqual({ layer: "conv1", net: { parameters: 9, multiplyAdds: 324 }, dense: { parameters: 1296, multiplyAdds: 1296 } });
  });

  test("the net of 1,138 parameters", () => {
    const conv = (name: string, src: number, weights: number, kernel: number) =>
      op({ op: "Conv2DOp", layer: name, src, dst: src + 1, parameters: { weights, bias: weights + 1 }, kernel: [kernel, kernel], groups: 1 });
    const net = {
      buffers: [map(28), map(24, 2), map(12, 2), map(10, 4), map(5, 4), [1, 1, 10]].map((shape) => ({ shape, alias: null })),
      operations: [
        conv("conv1", 0, 0, 5),
        conv("conv2", 2, 2, 3),
        op({ op: "DenseOp", layer: "output", src: 4, dst: 5, parameters: { weights: 4, bias: 5 } }),
      ],
      parameters: [[5, 5, 1, 2], [2], [3, 3, 2, 4], [4], [100, 10], [10]].map((shape) => ({ name: "", shape, offset: null })),
    } as unknown as Net;
    const costs = costsOf(net);
    expect(costs.map((layer) => layer.net.parameters)).toEqual([52, 76, 1010]);
    expect(costs.map((layer) => layer.net.multiplyAdds)).toEqual([28_800, 7_200, 1_000]);
    expect(totalOf(costs.map((layer) => layer.net)).parameters).toBe(1138);
    expect(costs.map((layer) => layer.dense.parameters)).toEqual([784 * 1152 + 1152, 288 * 400 + 400, 1010]);
  });

  const path = new URL("../recorded/layers.json", import.meta.url);
  test.runIf(existsSync(path))("parameters of every layer are counted", () => {
    for (const { name, net } of JSON.parse(readFileSync(path, "utf-8")) as { name: string; net: Net }[])
      expect(totalOf(costsOf(net).map((layer) => layer.net)).parameters, name).toBe(net.n_parameters);
  });
});
