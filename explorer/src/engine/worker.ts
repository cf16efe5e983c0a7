/** The engine in a worker. */

import type { Net } from "../model/document";
import { Engine } from "./engine";
import type { Explanation, Question } from "./explain";
import { explain } from "./explain";

export type Request = { net: Net; weights: Float32Array } | { id: number; input: Float32Array; question: Question | null };

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
let engine: Engine | undefined;

scope.onmessage = ({ data }) => {
  if ("net" in data) {
    engine = new Engine(data.net, data.weights);
    scope.postMessage("ready");
  } else if (engine) {
    const start = performance.now();
    const found = engine.run(data.input);
    const milliseconds = performance.now() - start;
    const explanation = data.question ? explain(engine, found, data.question) : undefined;
    const buffers = [...found];
    scope.postMessage({ id: data.id, buffers, milliseconds, explanation }, buffers.map(([, values]) => values.buffer));
  }
};
