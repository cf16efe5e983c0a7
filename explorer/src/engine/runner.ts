/** Forward passes and explanations in a worker, or in the page itself where workers are not allowed. */

import type { Buffers, Engine } from "./engine";
import type { Explanation, Question } from "./explain";
import { explain } from "./explain";
import type { Reply, Request } from "./worker";
import EngineWorker from "./worker?worker&inline";

export interface Pass {
  buffers: Buffers;
  milliseconds: number; // of the forward pass
  explanation: Explanation | undefined;
}

export class Runner {
  private worker: Worker | null = null;
  private readonly waiting = new Map<number, (pass: Pass) => void>();
  private next = 0;

  private constructor(private readonly engine: Engine) {}

  /** Return a runner once its worker has the net, or has failed. */
  static async create(engine: Engine, weights: Float32Array): Promise<Runner> {
    const runner = new Runner(engine);
    try {
      const worker = new EngineWorker();
      await new Promise<void>((resolve, reject) => {
        worker.onmessage = () => resolve();
        worker.onerror = () => reject(new Error("the worker cannot start"));
        worker.postMessage({ net: engine.net, weights } satisfies Request);
      });
      worker.onmessage = ({ data }: MessageEvent<Reply>) => runner.receive(data);
      runner.worker = worker;
    } catch {
      runner.worker = null; // compute in the page
    }
    return runner;
  }

  get inWorker(): boolean {
    return this.worker !== null;
  }

  /** Return the buffers of one image, which is scaled already, and an explanation if there is a question. */
  compute(input: Float32Array, question: Question | null = null): Promise<Pass> {
    if (!this.worker) {
      const start = performance.now();
      const buffers = this.engine.run(Float32Array.from(input));
      const milliseconds = performance.now() - start;
      const explanation = question ? explain(this.engine, buffers, question) : undefined;
      return Promise.resolve({ buffers, milliseconds, explanation });
    }
    const id = this.next++;
    this.worker.postMessage({ id, input, question } satisfies Request);
    return new Promise((resolve) => this.waiting.set(id, resolve));
  }

  private receive({ id, buffers, milliseconds, explanation }: Reply): void {
    this.waiting.get(id)?.({ buffers: new Map(buffers), milliseconds, explanation });
    this.waiting.delete(id);
  }
}
