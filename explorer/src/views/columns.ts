/** The net: a column for each layer, from left to right, with branches one below the other. */

import { useEffect, useRef } from "preact/hooks";
import type { Layer } from "../model/document";
import { predictionOf } from "../model/samples";
import type { Store } from "../state/store";
import { PREDICTION } from "../state/store";
import { text } from "../text/en";
import { cross, html, number, percent } from "./html";
import { Bar, Maps } from "./maps";

const CLASSES = 12; // of the prediction

export function Columns({ store }: { store: Store }) {
  const { net, input } = store.document;
  const own = store.ownScale.value;
  return html`
    <section class="net" aria-labelledby="net">
      <div class="heading">
        <h2 id="net">${text.netHeading}</h2>
        <fieldset class="choice">
          <legend>${text.scale}</legend>
          <label><input type="radio" name="scale" checked=${!own} onChange=${() => (store.ownScale.value = false)} /> ${text.shared}</label>
          <label><input type="radio" name="scale" checked=${own} onChange=${() => (store.ownScale.value = true)} /> ${text.own}</label>
        </fieldset>
      </div>
      <div class="scroller" role="region" aria-label=${text.columns} tabindex="0">
        <ol class="columns">
          <li class="column">
            <div class="column-head"><b>${text.input}</b><span>${cross(input.shape)}</span></div>
            <${Maps} store=${store} name="" buffer=${net.input} />
          </li>
          ${net.layers.map((layer) => html`<${Column} key=${layer.name} store=${store} layer=${layer} />`)}
          <${Prediction} store=${store} />
        </ol>
      </div>
    </section>`;
}

function Column({ store, layer }: { store: Store; layer: Layer }) {
  const head = html`<${Head} store=${store} layer=${layer} />`;
  const maps = html`<${Maps} store=${store} name=${layer.name} buffer=${layer.buffer} />`;
  if (layer.branches.length) {
    return html`
      <li class="block">
        <div class="branches">
          ${layer.branches.map((branch) => html`
            <div class="branch" key=${branch.label}>
              <span class="branch-label">${branch.label}</span>
              <ol class="columns">
                ${branch.layers.map((inner) => html`<${Column} key=${inner.name} store=${store} layer=${inner} />`)}
                ${!branch.layers.length && html`<li class="identity">${text.identity}</li>`}
              </ol>
            </div>`)}
        </div>
        <span class="merge" role="img" aria-label=${layer.merge}>${text.merges[layer.merge ?? ""]}</span>
        <div class="column">${head}${maps}</div>
      </li>`;
  }
  if (layer.layers.length) {
    return html`
      <li class="block">
        <ol class="columns">
          ${layer.layers.map((inner) => html`<${Column} key=${inner.name} store=${store} layer=${inner} />`)}
        </ol>
      </li>`;
  }
  return html`<li class="column">${head}${maps}</li>`;
}

function Head({ store, layer }: { store: Store; layer: Layer }) {
  const name = layer.name.split("/").slice(-1)[0];
  const ref = useRef<HTMLButtonElement>(null);
  const selected = store.layer.value === layer.name;
  useEffect(() => {
    if (selected && ref.current) scrollTo(ref.current);
  }, [selected]);
  return html`
    <button ref=${ref} type="button" class="column-head" title=${`${layer.name}: ${layer.spec}`} aria-pressed=${selected}
      onClick=${() => store.select(layer.name)}>
      <b>${name}</b><span>${layer.type}</span><span>${cross(layer.shape)}</span>
    </button>`;
}

/** Scroll the net, but not the page, so that a column is visible beside that of the prediction. */
function scrollTo(head: HTMLElement): void {
  const scroller = head.closest(".scroller");
  const prediction = scroller?.querySelector(".prediction");
  if (!scroller || !prediction) return;
  const [box, own] = [scroller.getBoundingClientRect(), head.getBoundingClientRect()];
  const right = Math.min(box.right, Math.max(prediction.getBoundingClientRect().left, box.left + box.width / 2));
  if (own.left < box.left) scroller.scrollLeft += own.left - box.left;
  else if (own.right > right) scroller.scrollLeft += own.right - right;
}

/** The last column: probabilities, or the values of a regressor. */
function Prediction({ store }: { store: Store }) {
  const { final } = store.document;
  const values = store.probabilities.value;
  const isNumber = final.function === "identity";
  const order = values ? [...values.keys()].sort((a, b) => (isNumber ? a - b : values[b] - values[a])).slice(0, CLASSES) : [];
  const largest = values ? values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1 : 1;
  const low = values?.some((value) => value < 0) ? -largest : 0;
  const scale = isNumber ? { low, high: largest } : { low: 0, high: 1 };
  return html`
    <li class="column prediction">
      <button type="button" class="column-head" aria-pressed=${store.layer.value === PREDICTION} onClick=${() => store.select(PREDICTION)}>
        <b>${text.prediction}</b>
        <span class="answer">${values && predictionOf(values, final, number)}</span>
      </button>
      ${!values && html`<p class="note">${text.notComputed}</p>`}
      <ul class="units">
        ${order.map((i) => html`
          <li class="unit" key=${i}>
            <span class="unit-name" title=${final.classes[i]}>${final.classes[i]}</span>
            <${Bar} value=${values![i]} scale=${scale} />
            <span class="unit-value">${isNumber ? number(values![i]) : percent(values![i])}</span>
          </li>`)}
      </ul>
      ${values && order.length < values.length && html`<p class="note">${(isNumber ? text.outputsNotShown : text.classesNotShown)(values.length - order.length)}</p>`}
    </li>`;
}
