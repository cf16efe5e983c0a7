/** The lab: an image and a kernel whose numbers can be changed, how the kernel moves, and the maps as numbers. */

import { useEffect, useRef } from "preact/hooks";
import type { Layer } from "../model/document";
import type { Pool } from "../state/lab";
import { PADDINGS, POOLS, STRIDES } from "../state/lab";
import type { Store } from "../state/store";
import { text } from "../text/en";
import { cssColor, scaleOf } from "./colors";
import { cross, html, number } from "./html";

export function LabView({ store }: { store: Store }) {
  const lab = store.lab.value;
  if (!lab) return null;
  const side = Math.sqrt(lab.kernel.length);
  const { layers } = store.engine.net;
  const [h] = store.shape;
  const shown = layers.findIndex(({ name }) => name === store.layer.value);
  const kernels = store.lesson?.kernels ?? [];
  return html`
    <section class="lab" aria-labelledby="lab">
      <h2 id="lab">${text.lab}</h2>
      <p class="note">${text.labHint}</p>
      <div class="lab-grids" data-look=${shown < 1}>
        <${Image} store=${store} />
        <span class="sign" aria-hidden="true">✱</span>
        <${Numbers} title=${`${text.kernel}, ${side}×${side}`} values=${lab.kernel} width=${side} label=${text.weightAt}
          onChange=${(i: number, value: number) => store.setLab({ kernel: lab.kernel.map((old, k) => (k === i ? value : old)) })} />
        <span class="sign" aria-hidden="true">=</span>
        ${layers.map((layer, i) => html`
          ${i > 0 && html`<span class="sign" aria-hidden="true">→</span>`}
          <${Map} key=${layer.name} store=${store} layer=${layer} look=${i === shown - 1} />`)}
      </div>
      ${kernels.length > 0 && html`
        <fieldset class="kernels">
          <legend>${text.kernels}</legend>
          ${kernels.map(({ name, values }) => html`
            <button type="button" key=${name} aria-pressed=${values.every((value, i) => value === lab.kernel[i])}
              onClick=${() => store.setLab({ kernel: values })}>${name}</button>`)}
        </fieldset>`}
      <div class="lab-controls">
        <${Choice} name="stride" title=${text.stride} values=${STRIDES} chosen=${lab.stride} onChoose=${(stride: number) => store.setLab({ stride })} />
        <${Choice} name="padding" title=${text.paddingSize} values=${PADDINGS} chosen=${lab.padding} onChoose=${(padding: number) => store.setLab({ padding })} />
        <${Choice} name="pool" title=${text.pooling} values=${POOLS} names=${text.pools} chosen=${lab.pool} onChoose=${(pool: Pool) => store.setLab({ pool })} />
        <label><input type="checkbox" checked=${lab.relu} onChange=${() => store.setLab({ relu: !lab.relu })} /> ${text.relu}</label>
      </div>
      <p class="note">${text.outputSize(h, lab.padding, side, lab.stride, layers[0].shape[0])}</p>
    </section>`;
}

function Choice<T extends string | number>({ name, title, values, names, chosen, onChoose }: {
  name: string;
  title: string;
  values: T[];
  names?: Record<T, string>;
  chosen: T;
  onChoose: (value: T) => void;
}) {
  return html`
    <fieldset class="choice">
      <legend>${title}</legend>
      ${values.map((value) => html`
        <label key=${value}>
          <input type="radio" name=${name} checked=${value === chosen} onChange=${() => onChoose(value)} /> ${names?.[value] ?? value}
        </label>`)}
    </fieldset>`;
}

/** The image, with the padding around it; what the selected value of the first map reads is outlined. */
function Image({ store }: { store: Store }) {
  const [h, w] = store.shape;
  const values = store.values.value;
  const change = (i: number, value: number) => {
    const changed = Float32Array.from(values);
    changed[i] = value;
    store.showImage(changed);
  };
  const layer = store.engine.net.layers[0];
  const step = store.layer.value === layer.name
    ? store.engine.steps(store.buffers.value, layer, [store.row.value, store.column.value, 0])[0]?.step
    : undefined;
  const read = step && "rows" in step ? step : null;
  return html`
    <${Numbers} title=${`${text.input}, ${h}×${w}`} values=${values} width=${w} label=${text.pixel} onChange=${change}
      padding=${store.lab.value?.padding ?? 0} reads=${(row: number, column: number) => !!read && read.rows.includes(row) && read.columns.includes(column)} />`;
}

/** A table of numbers to change. */
function Numbers({ title, values, width, label, onChange, padding = 0, reads = () => false }: {
  title: string;
  values: ArrayLike<number>;
  width: number;
  label: (row: number, column: number) => string;
  onChange: (i: number, value: number) => void;
  padding?: number;
  reads?: (row: number, column: number) => boolean;
}) {
  const scale = scaleOf(values);
  const height = values.length / width;
  const range = (n: number) => Array.from({ length: n + 2 * padding }, (_, i) => i - padding);
  return html`
    <table class="grid lab-grid">
      <caption>${title}</caption>
      <tbody>
        ${range(height).map((row) => html`
          <tr key=${row}>
            ${range(width).map((column) => {
              const marks = reads(row, column) ? "marked" : "";
              if (row < 0 || row >= height || column < 0 || column >= width) return html`<td key=${column} class=${`padding ${marks}`}>0</td>`;
              const i = row * width + column;
              return html`
                <td key=${column} class=${marks} style=${cssColor(values[i], scale)}>
                  <${NumberInput} label=${label(row, column)} value=${shortest(values[i])} onChange=${(value: number) => onChange(i, value)} />
                </td>`;
            })}
          </tr>`)}
      </tbody>
    </table>`;
}

/** A number to type. It is not written into the input while it is typed, so that "1." can become "1.5". */
function NumberInput({ label, value, onChange }: { label: string; value: string; onChange: (value: number) => void }) {
  const ref = useRef<HTMLInputElement>(null);
  const write = () => ref.current && (ref.current.value = value);
  useEffect(() => {
    if (document.activeElement !== ref.current) write();
  }, [value]);
  const onInput = (event: Event) => {
    const typed = (event.target as HTMLInputElement).valueAsNumber;
    if (Number.isFinite(typed)) onChange(typed);
  };
  return html`<input ref=${ref} type="number" step="any" aria-label=${label} onInput=${onInput} onBlur=${write} />`;
}

/** Return a float32 value as a text without the digits that only float64 has. */
function shortest(value: number): string {
  return String(Number(value.toPrecision(7)));
}

/** A map as numbers to choose from. */
function Map({ store, layer, look }: { store: Store; layer: Layer; look: boolean }) {
  const [h, w] = store.engine.graph.shape(layer.buffer);
  const values = store.engine.values(store.buffers.value, layer.buffer) ?? new Float32Array(h * w);
  const scale = scaleOf(values);
  const title = text.labOutputs[layer.type];
  return html`
    <table class="grid lab-grid" data-look=${look}>
      <caption>${title}, ${cross([h, w])}</caption>
      <tbody>
        ${Array.from({ length: h }, (_, row) => html`
          <tr key=${row}>
            ${Array.from({ length: w }, (_, column) => {
              const value = values[row * w + column];
              const selected = store.layer.value === layer.name && store.row.value === row && store.column.value === column;
              const onClick = () => {
                store.select(layer.name, 0);
                store.move(row, column);
              };
              return html`
                <td key=${column} class=${selected ? "marked" : ""} style=${cssColor(value, scale)}>
                  <button type="button" aria-pressed=${selected} aria-label=${text.mapValue(title, row, column, number(value))} onClick=${onClick}>${number(value)}</button>
                </td>`;
            })}
          </tr>`)}
      </tbody>
    </table>`;
}
