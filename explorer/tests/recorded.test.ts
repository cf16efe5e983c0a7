/** The forward pass, the steps and the backward pass beside what convnet computes; `python explorer/record.py` records it. */

import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Engine } from "../src/engine/engine";
import type { Index } from "../src/engine/step";
import { KERNELS } from "../src/engine/registry";
import { floatsOf } from "../src/model/bytes";
import type { Net } from "../src/model/document";

interface Recorded {
  name: string;
  net: Net;
  weights: string;
  input: string;
  outputs: Record<string, string>;
  values: { layer: string; index: number[]; computed: number }[];
  seed: string; // gradient by the outputs
  gradients: Record<string, string>; // by layer; "" is the input
}

const PATH = new URL("../recorded/layers.json", import.meta.url);
if (!existsSync(PATH)) throw new Error("nothing is recorded; run: python explorer/record.py");
const CASES = JSON.parse(readFileSync(PATH, "utf-8")) as Recorded[];
const TOLERANCE = 1e-4;

function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  return Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]) / Math.max(1, Math.abs(b[i]))), 0);
}

function mapIndex(index: number[]): Index {
  return [...Array(3 - index.length).fill(0), ...index] as Index;
}

describe.each(CASES)("$name", ({ net, weights, input, outputs, values, seed, gradients }) => {
  const engine = new Engine(net, floatsOf(weights));
  const buffers = engine.run(floatsOf(input));

  test("the output of each layer", () => {
    for (const [name, expected] of Object.entries(outputs)) {
      const layer = engine.graph.layers.get(name)!;
      expect(difference(engine.values(buffers, layer.buffer)!, floatsOf(expected)), name).toBeLessThan(TOLERANCE);
    }
  });

  test("the steps of single values", () => {
    for (const { layer, index, computed } of values) {
      const steps = engine.steps(buffers, engine.graph.layers.get(layer)!, mapIndex(index));
      const own = engine.values(buffers, engine.graph.layers.get(layer)!.buffer)!;
      const [, w, c] = engine.graph.shape(engine.graph.layers.get(layer)!.buffer);
      const [row, column, channel] = mapIndex(index);
      const value = steps.length ? steps[steps.length - 1].step.value : own[(row * w + column) * c + channel];
      expect(difference([value], [computed]), `${layer}[${index}]`).toBeLessThan(TOLERANCE);
    }
  });

  test("the gradients by the input and by each layer", () => {
    for (const [name, expected] of Object.entries(gradients)) {
      const buffer = name ? engine.graph.layers.get(name)!.buffer : net.input;
      const found = engine.gradient(buffers, floatsOf(seed), buffer)!;
      const values = floatsOf(expected);
      expect(found.length, name).toBe(values.length);
      const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expect(largest, name).toBeGreaterThan(0);
      const most = values.reduce((d, value, i) => Math.max(d, Math.abs(value - found[i])), 0);
      expect(most / largest, name).toBeLessThan(TOLERANCE);
    }
  });
});

test("every kernel is compared", () => {
  const used = new Set(CASES.flatMap(({ net }) => net.operations.map((op) => op.op)));
  expect([...used].sort()).toEqual(Object.keys(KERNELS).sort());
});

test("weights that were left out leave out the layers that need them", () => {
  const { net, weights, input, outputs } = CASES.find(({ name }) => name === "squeeze and excitation")!;
  const parameters = net.parameters.map((p) => (p.name.startsWith("parallel2/1/") ? { ...p, offset: null } : p));
  const engine = new Engine({ ...net, parameters }, floatsOf(weights));
  const buffers = engine.run(floatsOf(input));
  const known = Object.keys(outputs).filter((name) => engine.values(buffers, engine.graph.layers.get(name)!.buffer));
  expect(known).toContain("parallel2/0/conv1");
  expect(known).not.toContain("parallel2");
  expect(known).not.toContain("parallel3");
});
