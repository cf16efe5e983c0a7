import { afterEach, expect, test, vi } from "vitest";
import { Engine } from "../src/engine/engine";
import type { WorkerLike } from "../src/engine/runner";
import { Runner, computeHere } from "../src/engine/runner";
import type { Net } from "../src/model/document";

/** A net of `n` sigmoids. */
function sigmoids(n: number): Engine {
  const buffers = Array.from({ length: n + 1 }, () => ({ shape: [1, 1, 2] as [number, number, number], alias: null }));
  const operations = Array.from({ length: n }, (_, i) => ({
    op: "ActivationOp", layer: "", src: i, dst: i + 1, other: null, parameters: {}, activation: "sigmoid",
  }));
  const net: Net = { input: 0, output: n, buffers, operations, parameters: [], layers: [], n_parameters: 0 };
  return new Engine(net, new Float32Array(0));
}

class FakeWorker implements WorkerLike {
  onmessage: ((event: MessageEvent) => void) | null = null;
  onerror: ((event: ErrorEvent) => void) | null = null;
  requests: object[] = [];

  postMessage(message: object): void {
    this.requests.push(message);
    if ("net" in message && this.requests.length === 1) queueMicrotask(() => this.onmessage?.({ data: "ready" } as MessageEvent));
  }
}

afterEach(() => void vi.restoreAllMocks());

test("an exception of the worker rejects all that wait, and the next image is computed", async () => {
  const worker = new FakeWorker();
  const runner = await Runner.create(() => sigmoids(1), () => worker);
  const lost = [runner.compute(new Float32Array(2)), runner.compute(new Float32Array(2))];
  await Promise.resolve();
  worker.onerror?.({ message: "out of memory", preventDefault: () => undefined } as ErrorEvent);
  for (const pass of lost) await expect(pass).rejects.toThrow("out of memory");
  const next = runner.compute(new Float32Array(2));
  await Promise.resolve();
  worker.onmessage?.({ data: { id: 2, buffers: [[1, Float32Array.of(1)]], milliseconds: 3 } } as MessageEvent);
  expect((await next).milliseconds).toBe(3);
});

test("the worker gets the weights of each version once", async () => {
  const worker = new FakeWorker();
  const runner = await Runner.create(() => sigmoids(1), () => worker);
  for (const version of [1, 0, 1]) void runner.compute(new Float32Array(2), version);
  const kinds = worker.requests.map((request) => ("net" in request ? "weights" : "image"));
  expect(kinds).toEqual(["weights", "weights", "image", "image", "image"]);
});

test("without a worker, the page pauses between operations", async () => {
  const runner = await Runner.create(() => sigmoids(1), () => {
    throw new Error("not allowed");
  });
  expect(runner.inWorker).toBe(false);
  expect((await runner.compute(Float32Array.of(0, 0))).buffers.get(1)).toEqual(Float32Array.of(0.5, 0.5));
  const pause = vi.spyOn(globalThis, "setTimeout");
  let time = 0;
  const pass = await computeHere(sigmoids(5), new Float32Array(2), null, () => (time += 10)); // 10 ms per operation
  expect(pass.buffers.size).toBe(6);
  expect(pause.mock.calls.length).toBeGreaterThanOrEqual(2);
});
