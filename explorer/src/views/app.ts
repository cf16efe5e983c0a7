/** The page. */

import { predictionOf } from "../model/samples";
import type { Store } from "../state/store";
import { text } from "../text/en";
import { isEdited } from "../state/edits";
import { Columns } from "./columns";
import { Detail } from "./detail";
import { Editor } from "./editor";
import { EpochSlider } from "./epochslider";
import { html, number, percent } from "./html";
import { Mistakes } from "./mistakes";
import { Strip } from "./strip";

export function App({ store }: { store: Store }) {
  const { title, estimator, net, version, left_out } = store.document;
  return html`
    <header>
      <h1>${title}</h1>
      <p>${text.net(estimator, net.layers.length, net.n_parameters)}</p>
      <${Answer} store=${store} />
      <${Status} store=${store} />
      <p class="failure" role="alert">${store.failure.value && text.cannotCompute(store.failure.value)}</p>
      ${left_out.parameters.length > 0 && html`<p class="warning">${text.leftOutLayers(layersOf(left_out.parameters))}</p>`}
    </header>
    <main>
      <${Strip} store=${store} />
      <${Mistakes} store=${store} />
      <${EpochSlider} store=${store} />
      <${Columns} store=${store} />
      <div class="lower">
        <${Detail} store=${store} />
        <${Editor} store=${store} />
      </div>
    </main>
    <footer>${text.footer(version)}</footer>`;
}

function layersOf(parameters: string[]): string {
  return [...new Set(parameters.map((name) => name.split("/").slice(0, -1).join("/")))].join(", ");
}

/** The prediction for the image that is shown, and its label. */
function Answer({ store }: { store: Store }) {
  const { final, samples } = store.document;
  const values = store.probabilities.value;
  const sample = samples[store.image.value];
  const label = sample ? sample.label : null;
  const name = sample ? text.image(sample.name) : text.ownImage;
  const isChanged = store.strokes.value.length > 0 || isEdited(store.edits.value);
  const single = final.function === "softmax" || final.function === "sigmoid";
  return html`
    <p class="answer" role="status" aria-live=${store.isMoving ? "off" : "polite"}>
      ${isChanged && sample ? text.changed(name) : name}: ${" "}
      <b>${values ? predictionOf(values, final, number) : "–"}</b>
      ${values && single && ` (${percent(Math.max(...values))})`}
      ${label !== null && `, ${text.label(label)}`}
    </p>`;
}

/** What the page computes, compared with what convnet computed. */
function Status({ store }: { store: Store }) {
  const check = store.check.value;
  const what = store.document.final.function === "identity" ? text.values : text.probabilities;
  const checked = check ? text.checked(check.images, what, check.difference.toExponential(0)) : text.checking;
  const time = text.passTime(store.milliseconds.value.toFixed(1), store.inWorker);
  return html`<p class="status">${store.probabilities.value && html`<span role="status">${checked}</span> · `}<span>${time}</span></p>`;
}
