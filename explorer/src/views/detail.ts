/** How the selected value is computed: the maps it reads, the window that slides over them, and the calculation. */

import type { Signal } from "@preact/signals";
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Step, Window } from "../engine/step";
import type { Layer } from "../model/document";
import type { Store } from "../state/store";
import { text } from "../text/en";
import { Calculation, featureName } from "./calculation";
import { FinalStep } from "./finalstep";
import { cross, html, number } from "./html";
import { MapView } from "./mapview";

const INTERVAL = 150; // milliseconds between positions of the animation

export function Detail({ store }: { store: Store }) {
  const layer = store.selectedLayer();
  const playing = useSignal(false);
  const title = layer ? `${layer.name}: ${layer.spec}` : text.prediction;
  return html`
    <section class="detail" aria-labelledby="detail">
      <h2 id="detail">${text.detailHeading(title)}</h2>
      ${layer ? html`<${LayerDetail} store=${store} layer=${layer} playing=${playing} />` : html`<${FinalStep} store=${store} />`}
    </section>`;
}

function LayerDetail({ store, layer, playing }: { store: Store; layer: Layer; playing: Signal<boolean> }) {
  const buffers = store.buffers.value;
  const values = store.engine.values(buffers, layer.buffer);
  if (!values) return html`<p class="note">${text.notComputed}</p>`;
  const [h, w, c] = store.engine.graph.shape(layer.buffer);
  const [row, column, channel] = [store.row.value, store.column.value, store.channel.value];
  const steps = store.engine.steps(buffers, layer, [row, column, channel]);
  const first = steps[0];
  const flat = h === 1 && w === 1;
  const value = values[(row * w + column) * c + channel];
  const source = first && text.source(store.engine.graph.sourceName(first.op.src));
  const readChannel = first && channelRead(store, first.step);
  return html`
    <p class="facts">
      ${cross(layer.shape)}, ${text.parameters(layer.n_parameters)}${" · "}
      <output class="value" aria-live=${playing.value || store.isMoving ? "off" : "polite"}>${layer.name}${text.index([row, column, channel].slice(3 - layer.shape.length))} = ${number(value)}</output>
    </p>
    <div class="controls">
      <label>
        <span>${flat ? text.unitOf(c) : text.channelOf(c)}</span>
        <input type="number" min="0" max=${c - 1} value=${channel}
          onInput=${(event: Event) => store.select(layer.name, Number((event.target as HTMLInputElement).value))} />
      </label>
      ${!flat && html`<${Player} store=${store} h=${h} w=${w} playing=${playing} />`}
    </div>
    <div class="workings" data-look="true">
      ${first && !flatSource(store, first.op.src) && html`
        <figure>
          <${MapView} store=${store} buffer=${first.op.src} channel=${readChannel ?? 0} marked=${windowOf(first.step)} label=${text.inputPixels} />
          <figcaption>${text.reads(source, readChannel)}</figcaption>
        </figure>`}
      ${!flat && html`
        <figure>
          <${MapView} store=${store} buffer=${layer.buffer} channel=${channel} marked=${{ rows: [row], columns: [column] }}
            label=${text.outputPixels(layer.name)} onMove=${(r: number, k: number) => store.move(r, k)} />
          <figcaption>${text.reads(layer.name, channel)}</figcaption>
        </figure>`}
      <div class="calculation">
        ${steps.map(({ op, step }, i) => html`<${Calculation} key=${i} store=${store} op=${op} step=${step} last=${i === steps.length - 1} />`)}
        ${!steps.length && html`<p>${text.reasons.unchanged} ${flat && featureName(store, layer.buffer, channel)}</p>`}
      </div>
    </div>`;
}

function flatSource(store: Store, buffer: number): boolean {
  const [h, w] = store.engine.graph.shape(buffer);
  return h === 1 && w === 1;
}

function channelRead(store: Store, step: Step): number | null {
  if (step.kind === "convolution" && store.inputChannel.value !== null) return store.inputChannel.value;
  if (step.source) return step.source[2];
  return step.kind === "convolution" ? step.firstChannel : null;
}

function windowOf(step: Step): Pick<Window, "rows" | "columns"> {
  if ("rows" in step) return step;
  return step.source ? { rows: [step.source[0]], columns: [step.source[1]] } : { rows: [], columns: [] };
}

/** Slides the window over all pixels: play, pause, step, scrub. Screen readers hear the value when it stops. */
function Player({ store, h, w, playing }: { store: Store; h: number; w: number; playing: Signal<boolean> }) {
  const position = store.row.value * w + store.column.value;
  const go = (to: number) => {
    const at = (to + h * w) % (h * w);
    store.move(Math.floor(at / w), at % w);
  };
  useEffect(() => {
    if (!playing.value) return undefined;
    const timer = setInterval(() => go(store.row.value * w + store.column.value + 1), INTERVAL);
    return () => clearInterval(timer);
  }, [playing.value, h, w]);
  useEffect(() => () => void (playing.value = false), []); // a layer without positions has no player to pause
  const pauseAt = (to: number) => {
    playing.value = false;
    go(to);
  };
  return html`
    <div class="player">
      <button type="button" onClick=${() => pauseAt(position - 1)} aria-label=${text.back} title=${text.back}>◂</button>
      <button type="button" onClick=${() => (playing.value = !playing.value)}>${playing.value ? text.pause : text.play}</button>
      <button type="button" onClick=${() => pauseAt(position + 1)} aria-label=${text.forward} title=${text.forward}>▸</button>
      <label>
        <span>${text.position}</span>
        <input type="range" min="0" max=${h * w - 1} value=${position}
          onInput=${(event: Event) => pauseAt(Number((event.target as HTMLInputElement).value))} />
      </label>
    </div>`;
}
