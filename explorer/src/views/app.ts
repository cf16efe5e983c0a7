/** The page. */

import type { Panel } from "../model/document";
import { predictionOf } from "../model/samples";
import type { Store } from "../state/store";
import { text } from "../text/en";
import { Columns } from "./columns";
import { CostTables } from "./costs";
import { Detail } from "./detail";
import { Editor } from "./editor";
import { EpochSlider } from "./epochslider";
import { ExplanationSection } from "./explanation";
import { html, number, percent } from "./html";
import { LabView } from "./labview";
import { Mistakes } from "./mistakes";
import { Strip } from "./strip";
import { Tour, TourButton } from "./tour";

type View = (props: { store: Store }) => unknown;

const PANELS: Panel[] = ["images", "mistakes", "explanation", "training", "net", "detail", "editor"]; // of a page without a lesson

export function App({ store }: { store: Store }) {
  const { title, estimator, net, version, left_out } = store.document;
  const { lesson } = store;
  const panels = lesson?.panels ?? PANELS;
  const shown = (name: Panel, View: View) => panels.includes(name) && html`<${Shown} store=${store} name=${name} View=${View} />`;
  return html`
    <${Tour} store=${store} />
    <header>
      <h1>${title}</h1>
      ${lesson ? html`<p class="summary">${lesson.summary}</p><${TourButton} store=${store} />` : html`<p>${text.net(estimator, net.layers.length, net.n_parameters)}</p>`}
      ${panels.includes("net") && html`<${Answer} store=${store} />`}
      <${Status} store=${store} />
      <p class="failure" role="alert">${store.failure.value && text.cannotCompute(store.failure.value)}</p>
      ${left_out.parameters.length > 0 && html`<p class="warning">${text.leftOutLayers(layersOf(left_out.parameters))}</p>`}
    </header>
    <main>
      ${shown("images", Strip)}
      ${shown("mistakes", Mistakes)}
      ${shown("explanation", ExplanationSection)}
      ${shown("lab", LabView)}
      ${shown("training", EpochSlider)}
      ${shown("net", Columns)}
      <div class=${panels.includes("editor") ? "lower" : ""}>
        ${shown("detail", Detail)}
        ${shown("editor", Editor)}
      </div>
      ${shown("costs", CostTables)}
    </main>
    <footer>${text.footer(version)}</footer>`;
}

/** A panel of the page; the one that the step of the tour is about is outlined. */
function Shown({ store, name, View }: { store: Store; name: Panel; View: View }) {
  const looked = store.lesson?.steps[store.step.value - 1]?.look === name;
  return html`<div class=${looked ? "panel looked-at" : "panel"} data-panel=${name}><${View} store=${store} /></div>`;
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
  const single = final.function === "softmax" || final.function === "sigmoid";
  return html`
    <p class="answer" role="status" aria-live=${store.isMoving ? "off" : "polite"}>
      ${store.isEdited && sample ? text.changed(name) : name}: ${" "}
      <b>${values ? predictionOf(values, final, number) : "–"}</b>
      ${values && single && ` (${percent(Math.max(...values))})`}
      ${label !== null && `, ${text.label(label)}`}
    </p>`;
}

/** What the page computes, compared with what convnet computed. */
function Status({ store }: { store: Store }) {
  const check = store.check.value;
  const what = store.document.final.function === "identity" ? text.values : text.probabilities;
  const checked = check ? text.checked(check.images, what, check.difference ? check.difference.toExponential(0) : "0") : text.checking;
  if (store.lab.value) return html`<p class="status" role="status">${checked}</p>`;
  const time = text.passTime(store.milliseconds.value.toFixed(1), store.inWorker);
  return html`<p class="status">${store.probabilities.value && html`<span role="status">${checked}</span> · `}<span>${time}</span></p>`;
}
