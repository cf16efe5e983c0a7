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

/** The parts of a worker that are used here. */
export interface WorkerLike {
  onmessage: ((event: MessageEvent) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  postMessage(message: Request): void;
}

interface Waiting {
  resolve: (pass: Pass) => void;
  reject: (error: Error) => void;
}

const AT_ONCE = 12; // milliseconds of computing in the page, after which it can draw and react

export class Runner {
  private worker: WorkerLike | null = null;
  private readonly waiting = new Map<number, Waiting>();
  private readonly sent = new Set<number>();
  private next = 0;

  /** `engineOf` returns the net with the weights of a version; version 0 is the net itself. */
  private constructor(private readonly engineOf: (version: number) => Engine) {}

  /** Return a runner once its worker has the net, or has failed. */
  static async create(
    engineOf: (version: number) => Engine,
    makeWorker: () => WorkerLike = () => new EngineWorker(),
  ): Promise<Runner> {
    const runner = new Runner(engineOf);
    try {
      const worker = makeWorker();
      await new Promise<void>((resolve, reject) => {
        worker.onmessage = () => resolve();
        worker.onerror = () => reject(new Error("the worker cannot start"));
        runner.send(worker, 0);
      });
      worker.onmessage = ({ data }: MessageEvent<Reply>) => runner.receive(data);
      worker.onerror = (event) => {
        event.preventDefault(); // the page says it
        runner.fail(new Error(event.message || "the worker has stopped"));
      };
      runner.worker = worker;
    } catch {
      runner.worker = null; // compute in the page
    }
    return runner;
  }

  get inWorker(): boolean {
    return this.worker !== null;
  }

  /**
   * Return the buffers of one image, which is scaled already, and an explanation if there is a question. Rejects if the
   * engine throws.
   */
  async compute(input: Float32Array, version = 0, question: Question | null = null): Promise<Pass> {
    const { worker } = this;
    if (!worker) return computeHere(this.engineOf(version), input, question);
    this.send(worker, version);
    const id = this.next++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      worker.postMessage({ id, input, version, question });
    });
  }

  /** Send weights that the worker does not have. */
  private send(worker: WorkerLike, version: number): void {
    if (this.sent.has(version)) return;
    const { net, weights } = this.engineOf(version);
    worker.postMessage({ net, weights, version });
    this.sent.add(version);
  }

  private receive({ id, buffers, milliseconds, explanation }: Reply): void {
    this.waiting.get(id)?.resolve({ buffers: new Map(buffers), milliseconds, explanation });
    this.waiting.delete(id);
  }

  private fail(error: Error): void {
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }
}

/** Compute in the page, with pauses between operations. */
export async function computeHere(
  engine: Engine,
  input: Float32Array,
  question: Question | null = null,
  now = () => performance.now(),
): Promise<Pass> {
  let start = now();
  let milliseconds = 0;
  const operations = engine.operations(Float32Array.from(input));
  for (;;) {
    const { done, value: buffers } = operations.next();
    const time = now() - start;
    if (!done && time < AT_ONCE) continue;
    milliseconds += time;
    if (done) return { buffers, milliseconds, explanation: question ? explain(engine, buffers, question) : undefined };
    await new Promise((resolve) => setTimeout(resolve, 0));
    start = now();
  }
}
