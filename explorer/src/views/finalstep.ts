/** From the outputs of the net to the prediction. */

import type { Store } from "../state/store";
import { text } from "../text/en";
import { html, number } from "./html";

const ROWS = 20; // classes; the most likely ones, if there are more

export function FinalStep({ store }: { store: Store }) {
  const { final } = store.document;
  const outputs = store.outputs.value;
  const values = store.probabilities.value;
  if (!outputs || !values) return html`<p class="note">${text.notComputed}</p>`;
  if (final.function === "softmax") return html`<${Softmax} z=${outputs} p=${values} names=${final.classes} />`;
  if (final.function === "identity") {
    const rows = [...outputs].slice(0, ROWS).map((z, i) => [final.classes[i], z, final.scale?.[i] ?? 1, final.mean?.[i] ?? 0, values[i]]);
    const left = outputs.length - rows.length;
    return html`
      ${table([text.outputName, text.standardized, text.timesScale, `+ mean`, text.meanPlusScale], rows)}
      ${left > 0 && html`<p class="note">${text.outputsNotShown(left)}</p>`}`;
  }
  const logits = final.function === "sigmoid" ? [-outputs[0], outputs[0]] : [...outputs];
  const rows = likeliest(values).map((i) => [final.classes[i], logits[i], values[i]]);
  return html`
    ${table([text.class, text.logit, text.sigmoid], rows)}
    ${rows.length < logits.length && html`<p class="note">${text.classesNotShown(logits.length - rows.length)}</p>`}`;
}

/** Return the most likely classes in their order. */
function likeliest(p: Float64Array): number[] {
  return [...p.keys()].sort((a, b) => p[b] - p[a]).slice(0, ROWS).sort((a, b) => a - b);
}

function Softmax({ z, p, names }: { z: Float32Array; p: Float64Array; names: string[] }) {
  const largest = Math.max(...z);
  const e = Array.from(z, (value) => Math.exp(value - largest));
  const total = e.reduce((a, b) => a + b, 0);
  const likely = likeliest(p);
  const rows: (string | number)[][] = likely.map((i) => [names[i], z[i], e[i], p[i]]);
  if (likely.length < p.length) {
    const sum = (values: ArrayLike<number>) => likely.reduce((rest, i) => rest - values[i], Array.from(values).reduce((a, b) => a + b, 0));
    rows.push([text.others(p.length - likely.length), "", sum(e), sum(p)]);
  }
  rows.push([text.total, "", total, 1]);
  return table([text.class, text.logit, text.exponential, text.probability], rows);
}

function table(header: string[], rows: (string | number)[][]) {
  return html`
    <div class="scroller" tabindex="0" role="region" aria-label=${text.prediction}>
      <table class="numbers">
        <thead><tr>${header.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
        <tbody>
          ${rows.map(([name, ...cells]) => html`
            <tr><th scope="row">${name}</th>${cells.map((cell) => html`<td>${typeof cell === "number" ? number(cell) : cell}</td>`)}</tr>`)}
        </tbody>
      </table>
    </div>`;
}
