/** What the prediction depends on: the choice of an explanation, its map over the image, and what its colors mean. */

import { useEffect, useRef } from "preact/hooks";
import { METHODS } from "../model/document";
import type { Overlay } from "../state/overlay";
import type { Store } from "../state/store";
import { text } from "../text/en";
import { html, number } from "./html";
import { Bar } from "./maps";
import { drawPicture, drawSignal, gradientOf, overlayScale, signalPanel, strongestOf } from "./overlay";

const FEATURES = 12; // of flat rows; those with the largest magnitudes
const MOST = 320; // CSS pixels of the longer side of a picture; on large screens 1.5 times as many
const LARGE = 2000; // CSS pixels, as in page.css

export function ExplanationSection({ store }: { store: Store }) {
  const { overlay } = store;
  const chosen = overlay.method.value;
  return html`
    <section class="explanation" aria-labelledby="explanation">
      <div class="heading">
        <h2 id="explanation">${text.explainHeading}</h2>
        <fieldset class="choice">
          <legend>${text.overlay}</legend>
          ${[null, ...METHODS].map((name) => html`
            <label key=${name}>
              <input type="radio" name="overlay" checked=${chosen === name} onChange=${() => (overlay.method.value = name)} />
              ${" "}${name ? text.methods[name] : text.noOverlay}
            </label>`)}
        </fieldset>
      </div>
      ${chosen && html`<${Chosen} store=${store} />`}
    </section>`;
}

function Chosen({ store }: { store: Store }) {
  const { overlay } = store;
  const { final, explanations } = store.document;
  const [method, found] = [overlay.method.value!, overlay.current.value];
  if (overlay.reason !== null) return html`<p class="note" role="status">${text.noMap(text.methods[method], overlay.reason)}</p>`;
  if (overlay.isMissing) return html`<p class="note" role="status">${text.missingMap(text.methods[method])}</p>`;
  const isValue = final.function === "identity";
  const fixed = overlay.question.value === null;
  const { note } = explanations.methods[method];
  return html`
    <div class="explained">
      ${found && html`<${Shown} store=${store} overlay=${found} />`}
      <div class="explained-side">
        <p class="note">${text.methodHints[method](isValue ? text.explainedValue : text.logitName, explanations.layer ?? "")}</p>
        <p class="strongest" role="status">${found && caption(store, found)}</p>
        ${found && !isZero(found) && html`<${Legend} store=${store} overlay=${found} />`}
        <div class="controls">
          ${!fixed && final.classes.length > 1 && html`<${Target} store=${store} />`}
          ${!isFlat(store) && html`
            <label>
              <span>${text.opacity}</span>
              <input type="range" min="0" max="1" step="0.05" value=${overlay.opacity.value}
                onInput=${(event: Event) => (overlay.opacity.value = Number((event.target as HTMLInputElement).value))} />
            </label>`}
        </div>
        ${fixed && html`<p class="note">${text.givenOnly(text.defaultTargets[final.function])}</p>`}
        ${overlay.isOutdated && html`<p class="note outdated" role="status">${text.outdated(store.document.samples[found!.sample!].name)}</p>`}
        ${overlay.isOfLaterEpoch && html`<p class="note outdated" role="status">${text.ofLaterEpoch}</p>`}
        ${fixed && note && html`<p class="note">${note}</p>`}
      </div>
    </div>`;
}

/** Chooses the class that is explained. */
function Target({ store }: { store: Store }) {
  const { final } = store.document;
  const isValue = final.function === "identity";
  const { target } = store.overlay;
  const onChange = (event: Event) => {
    const { value } = event.target as HTMLSelectElement;
    target.value = value === "" ? null : Number(value);
  };
  return html`
    <label>
      <span>${isValue ? text.outputName : text.class}</span>
      <select value=${target.value ?? ""} onChange=${onChange}>
        ${!isValue && html`<option value="">${text.defaultTargets[final.function]}</option>`}
        ${final.classes.map((name, i) => html`<option key=${i} value=${i}>${name}</option>`)}
      </select>
    </label>`;
}

function isFlat(store: Store): boolean {
  return store.document.input.shape.length === 1;
}

/** Return what is explained: a class, or an output of a regressor. */
function targetName(store: Store, target: number): string {
  const { final } = store.document;
  if (final.function !== "identity") return text.classNamed(final.classes[target]);
  return final.classes.length > 1 ? text.outputNamed(final.classes[target]) : text.onlyOutput;
}

function isZero({ values }: Overlay): boolean {
  return values[strongestOf(values)] === 0;
}

function caption(store: Store, overlay: Overlay): string {
  const { method, target, values } = overlay;
  const what = text.explained(text.methods[method], targetName(store, target));
  const best = strongestOf(values);
  if (isZero(overlay)) return `${what}; ${text.zeroEverywhere}`;
  const w = store.shape[1];
  const [row, column] = [Math.floor(best / w), best % w];
  const place = isFlat(store) ? text.atFeature(best) : store.isPicture ? text.atPixel(row, column) : text.atPosition(best);
  return `${what}; ${place}: ${number(values[best])}`;
}

function Shown({ store, overlay }: { store: Store; overlay: Overlay }) {
  if (isFlat(store)) return html`<${Features} store=${store} overlay=${overlay} />`;
  return html`<${Drawn} store=${store} overlay=${overlay} />`;
}

/** The image or the signal under the map. */
function Drawn({ store, overlay }: { store: Store; overlay: Overlay }) {
  const ref = useRef<HTMLCanvasElement>(null);
  const [h, w] = store.shape;
  const zoom = Math.max(1, Math.min(32, Math.floor((innerWidth < LARGE ? MOST : 1.5 * MOST) / Math.max(h, w))));
  const [width, height] = store.isPicture ? [w * zoom, h * zoom] : signalPanel();
  const [opacity, values] = [store.overlay.opacity.value, store.values.value];
  useEffect(() => {
    const context = ref.current?.getContext("2d");
    if (!context) return;
    if (store.isPicture) drawPicture(context, store, overlay, opacity, zoom);
    else drawSignal(context, store, overlay, opacity);
  }, [overlay, opacity, values]);
  return html`
    <div class=${store.isPicture ? "map-view" : "map-view signal"} role="img" aria-label=${caption(store, overlay)}>
      <canvas ref=${ref} class="pixels" width=${width} height=${height} aria-hidden="true"></canvas>
    </div>`;
}

/** The features of a flat row with the largest magnitudes. */
function Features({ store, overlay }: { store: Store; overlay: Overlay }) {
  const { values } = overlay;
  const scale = overlayScale(store, overlay);
  const order = [...values.keys()].sort((a, b) => Math.abs(values[b]) - Math.abs(values[a]));
  return html`
    <div class="features">
      <ul class="units">
        ${order.slice(0, FEATURES).map((i) => html`
          <li class="unit" key=${i}>
            <span class="unit-name">${text.feature(i)}</span>
            <${Bar} value=${values[i]} scale=${scale} />
            <span class="unit-value">${number(values[i])}</span>
          </li>`)}
      </ul>
      ${order.length > FEATURES && html`<p class="note">${text.otherFeatures(order.length - FEATURES)}</p>`}
    </div>`;
}

/** The colors of a map, with the values that they stand for. */
function Legend({ store, overlay }: { store: Store; overlay: Overlay }) {
  const scale = overlayScale(store, overlay);
  const unit = text.unitsOf(overlay.method === "saliency", store.document.final.function === "identity");
  if (isFlat(store)) return html`<p class="note">${unit}</p>`;
  return html`
    <div class="legend" role="img" aria-label=${text.legend(number(scale.low), number(scale.high), unit)}>
      <div class="gradient" style=${{ background: gradientOf(scale) }}></div>
      <div class="ticks" aria-hidden="true">
        ${[scale.low, (scale.low + scale.high) / 2, scale.high].map((value) => html`<span>${number(value)}</span>`)}
      </div>
      <div class="note" aria-hidden="true">${unit}</div>
    </div>`;
}
