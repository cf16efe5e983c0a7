/** Starts the page, and offers what it computes to tests and to the console as `explorer`. */

import { render } from "preact";
import type { Index, Step } from "./engine/step";
import { parseDocument } from "./model/document";
import { finalValues } from "./model/samples";
import { Store } from "./state/store";
import "./styles/page.css";
import { text } from "./text/en";
import { App } from "./views/app";
import { html } from "./views/html";

/** What the page computes. */
export interface Explorer {
  /** Return probabilities, or the values of a regressor, of an image in the units of X, after the epoch that is shown. */
  predict(values: number[]): Promise<number[]>;
  /** Return how a value of the image that is shown is computed. */
  steps(layer: string, index: Index): Step[];
  /** Return the image that the net reads, in the units of X. */
  values(): number[];
  /** Return what is explained of an image in the units of X, and the map. */
  explain(method: "gradcam" | "saliency", target: number | null, values: number[]): Promise<{ target: number; values: number[] } | null>;
  milliseconds(): number;
  /** Return the output of a layer for the image that is shown. */
  map(layer: string): number[];
  /** Wait until the image that is shown has been computed. */
  settled(): Promise<void>;
  check(): { images: number; difference: number } | null;
}

declare global {
  var explorer: Explorer | undefined;
}

async function start(root: HTMLElement, content: string): Promise<void> {
  const store = await Store.create(parseDocument(content));
  document.title = store.document.title;
  render(html`<${App} store=${store} />`, root);
  globalThis.explorer = {
    async predict(values) {
      const outputs = await store.outputsOf(Float32Array.from(values), store.epoch.value);
      return outputs ? [...finalValues(outputs, store.document.final)] : [];
    },
    steps(layer, index) {
      const found = store.engine.graph.layers.get(layer);
      return found ? store.engine.steps(store.buffers.value, found, index).map(({ step }) => step) : [];
    },
    values: () => [...store.values.value],
    async explain(method, target, values) {
      const found = await store.explanationOf(Float32Array.from(values), method, target, store.epoch.value);
      return found ? { target: found.target, values: [...found.values] } : null;
    },
    milliseconds: () => store.milliseconds.value,
    check: () => store.check.value,
    map(layer) {
      const found = store.engine.graph.layers.get(layer);
      return found ? [...(store.engine.values(store.buffers.value, found.buffer) ?? [])] : [];
    },
    settled: () => store.settled(),
  };
  await store.checkSamples();
}

/** Say why the page cannot start. */
function fail(root: HTMLElement, error: unknown): void {
  root.setAttribute("role", "alert");
  root.textContent = text.cannotStart(error instanceof Error ? error.message : String(error));
}

const root = document.getElementById("app");
const content = document.getElementById("document")?.textContent ?? "";
if (root && content.trimStart().startsWith("{")) void start(root, content).catch((error) => fail(root, error));
else if (root) root.textContent = text.noDocument;
