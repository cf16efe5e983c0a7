/** The outputs of a layer in a column: maps, strongest first, or the values of flat data as bars. */

import { useSignal } from "@preact/signals";
import { useCallback } from "preact/hooks";
import { strongestFirst } from "../model/channels";
import type { Store } from "../state/store";
import { text } from "../text/en";
import { Pixels } from "./canvas";
import { Curve } from "./curve";
import type { Scale } from "./colors";
import { imagePixels, mapPixels, scaleOf } from "./colors";
import { html, number } from "./html";
import { overlayPixels } from "./overlay";

const FIRST = 12; // maps or units that are shown at first
const MORE = 36;

/** What a column shows: a layer, or the input, whose name is that of no layer. */
export function Maps({ store, name, buffer }: { store: Store; name: string; buffer: number }) {
  const shown = useSignal(FIRST);
  const values = store.engine.values(store.buffers.value, buffer);
  if (!values) return html`<p class="note">${text.notComputed}</p>`;
  const [h, w, c] = store.engine.graph.shape(buffer);
  const flat = h === 1 && w === 1;
  if (!name && store.isPicture) return html`<${Picture} store=${store} />`;
  const order = strongestFirst(values, c).slice(0, shown.value);
  const shared = scaleOf(values);
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const next = step === 1 ? "nextElementSibling" : "previousElementSibling";
    const target = step && (event.target as HTMLElement)[next];
    if (!(target instanceof HTMLElement)) return;
    target.focus();
    event.preventDefault();
  };
  return html`
    <div class=${flat ? "units" : "maps"} onKeyDown=${onKeyDown}>
      ${order.map((channel) => flat
        ? html`<${Unit} key=${channel} store=${store} name=${name} channel=${channel} value=${values[channel]} scale=${shared} />`
        : html`<${MapButton} key=${channel} ...${{ store, name, buffer, channel, values, shared }} />`)}
      ${order.length < c && html`
        <button type="button" class="more" onClick=${() => (shown.value += MORE)}>${text.more(c - order.length)}</button>`}
    </div>`;
}

/** The input as a picture, with the explanation of it. */
function Picture({ store }: { store: Store }) {
  const [h, w] = store.shape;
  const values = store.values.value;
  const { current, isOutdated, isOfLaterEpoch, opacity } = store.overlay;
  const [overlay, share] = [isOutdated || isOfLaterEpoch ? null : current.value, opacity.value];
  const draw = useCallback(
    () => (overlay ? overlayPixels(store, overlay, share) : imagePixels(values, store.look)),
    [values, overlay, share],
  );
  return html`
    <div class="picture"><div class="map" role="img" aria-label=${text.input}><${Pixels} width=${w} height=${h} draw=${draw} /></div></div>`;
}

function isSelected(store: Store, name: string, channel: number): boolean {
  return store.layer.value === name && store.channel.value === channel;
}

function MapButton({ store, name, buffer, channel, values, shared }: {
  store: Store;
  name: string;
  buffer: number;
  channel: number;
  values: Float32Array;
  shared: Scale;
}) {
  const [h, w, c] = store.engine.graph.shape(buffer);
  const own = store.ownScale.value;
  const draw = useCallback(
    () => mapPixels(values, h, w, c, channel, own ? scaleOf(values, channel, c) : shared),
    [values, own, channel],
  );
  const label = text.map(name || text.input, channel);
  const scale = own ? scaleOf(values, channel, c) : shared;
  const canvas = store.isSignal && h === 1
    ? html`<${Curve} isInput=${!name} values=${values} w=${w} c=${c} channels=${[channel]} scale=${scale} />`
    : html`<${Pixels} width=${w} height=${h} draw=${draw} className=${h === 1 ? "flat" : ""} />`;
  if (!name) return html`<div class="map" role="img" aria-label=${label} title=${label}>${canvas}</div>`;
  return html`
    <button type="button" class="map" aria-pressed=${isSelected(store, name, channel)} aria-label=${label} title=${label}
      onClick=${() => store.select(name, channel)}>${canvas}</button>`;
}

function Unit({ store, name, channel, value, scale }: {
  store: Store;
  name: string;
  channel: number;
  value: number;
  scale: Scale;
}) {
  const label = text.unit(name || text.input, channel, number(value));
  const inside = html`
    <span class="hidden">${label}</span>
    <span class="unit-name" aria-hidden="true">${channel}</span>
    <${Bar} value=${value} scale=${scale} />
    <span class="unit-value" aria-hidden="true">${number(value)}</span>`;
  if (!name) return html`<div class="unit">${inside}</div>`;
  return html`
    <button type="button" class="unit" aria-pressed=${isSelected(store, name, channel)} title=${label}
      onClick=${() => store.select(name, channel)}>${inside}</button>`;
}

/** A bar from 0 to a value; 0 is in the middle if there are negative values. */
export function Bar({ value, scale }: { value: number; scale: Scale }) {
  const share = Math.min(Math.abs(value) / scale.high, 1) * (scale.low < 0 ? 50 : 100);
  const zero = scale.low < 0 ? 50 : 0;
  const left = value < 0 ? zero - share : zero;
  return html`
    <span class="bar" aria-hidden="true">
      <span class=${value < 0 ? "fill negative" : "fill"} style=${{ left: `${left}%`, width: `${share}%` }}></span>
    </span>`;
}
