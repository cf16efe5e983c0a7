/** The engine in a worker. An exception of the engine reaches the page as an error of the worker. */

import type { Net } from "../model/document";
import { Engine } from "./engine";
import type { Explanation, Question } from "./explain";
import { explain } from "./explain";

/** Weights of the net, in several versions, or an image for one of them and what to explain. */
export type Request =
  | { net: Net; weights: Float32Array; version: number }
  | { id: number; input: Float32Array; version: number; question: Question | null };

export interface Reply {
  id: number;
  buffers: [number, Float32Array][];
  milliseconds: number; // of the forward pass
  explanation: Explanation | undefined;
}

/** The parts of a worker's global scope that are used here. */
interface Scope {
  onmessage: ((event: MessageEvent<Request>) => void) | null;
  postMessage(message: Reply | "ready", transfer?: Transferable[]): void;
}

const scope = self as unknown as Scope;
const engines = new Map<number, Engine>();

scope.onmessage = ({ data }) => {
  if ("net" in data) {
    engines.set(data.version, new Engine(data.net, data.weights));
    if (data.version === 0) scope.postMessage("ready");
    return;
  }
  const engine = engines.get(data.version);
  if (!engine) throw new Error(`no weights of version ${data.version}`);
  const start = performance.now();
  const found = engine.run(data.input);
  const milliseconds = performance.now() - start;
  const explanation = data.question ? explain(engine, found, data.question) : undefined;
  const buffers = [...found];
  scope.postMessage({ id: data.id, buffers, milliseconds, explanation }, buffers.map(([, values]) => values.buffer));
};
